// Compiles Boost.JSON into this library, so that the programs need no Boost library at run time.
#include <boost/json/src.hpp>
