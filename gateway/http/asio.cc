// The one translation unit that compiles what Asio and Beast would otherwise
// compile in each that includes them (see BOOST_ASIO_SEPARATE_COMPILATION in
// gateway/CMakeLists.txt).
#include "boost/asio/impl/src.hpp"
#include "boost/beast/src.hpp"
