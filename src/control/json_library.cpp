// Boost.JSON, compiled here once instead of linked: the programs then need no Boost at run time.
#include <boost/json/src.hpp>
