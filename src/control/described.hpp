#pragma once

#include <boost/describe/class.hpp>

/// Lists the members of a message struct, once for writing and reading: their names are the keys of the JSON
/// object.
#define HAWSER_DESCRIBED(type, ...) BOOST_DESCRIBE_CLASS(type, (), (__VA_ARGS__), (), ())
