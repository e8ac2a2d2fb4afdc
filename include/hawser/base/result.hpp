#pragma once

#include <boost/system/result.hpp>

namespace hawser {

/// A value, or the reason why there is none. `E` is an enum or struct of the failing module; errors caused by
/// the network are values, never exceptions. Not std::expected, which clang 14 (the fuzzing compiler) does
/// not have.
template <class T, class E>
using Result = boost::system::result<T, E>;

}  // namespace hawser
