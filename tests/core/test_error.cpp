#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <type_traits>

#include "core/error.hpp"

using namespace spiketape;

TEST_CASE("every error that a user can cause is caught as Error and keeps its message") {
  const auto message_of = [](auto error) {
    try {
      throw error;
    } catch (const Error& caught) {
      return std::string(caught.what());
    }
  };
  CHECK(message_of(ShapeError("a")) == "a");
  CHECK(message_of(DataError("b")) == "b");
  CHECK(message_of(NumericError("c")) == "c");
  CHECK(message_of(BackendError("d")) == "d");
}

TEST_CASE("an Error is a runtime error, and no error is another") {
  CHECK(std::is_base_of_v<std::runtime_error, Error>);
  CHECK_FALSE(std::is_base_of_v<ShapeError, DataError>);
  CHECK_FALSE(std::is_base_of_v<Error, std::logic_error>);
}
