#pragma once

#include <boost/describe/class.hpp>

/// Lists the members of a message struct, once for both writing and reading. Their names are the keys of the
/// JSON object.
#define HAWSER_DESCRIBED(type, ...) BOOST_DESCRIBE_CLASS(type, (), (__VA_ARGS__), (), ())
