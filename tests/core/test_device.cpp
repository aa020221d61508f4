#include <doctest/doctest.h>

#include <string>

#include "core/device.hpp"
#include "core/error.hpp"

using namespace spiketape;

TEST_CASE("devices are read and written by name") {
  CHECK(parse_device("cpu") == kCpu);
  CHECK(parse_device("cuda") == Device{DeviceKind::cuda, 0});
  CHECK(parse_device("cuda:3") == Device{DeviceKind::cuda, 3});
  CHECK(to_string(kCpu) == "cpu");
  CHECK(to_string(Device{DeviceKind::cuda, 3}) == "cuda:3");
}

TEST_CASE("a text that names no device is an error that shows it") {
  for (const std::string text :
       {"", "gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cpu:0"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(
        parse_device(text), doctest::Contains(("got '" + text + "'").c_str()), BackendError);
  }
}

TEST_CASE("the CPU is the first available device") {
  REQUIRE_FALSE(available_devices().empty());
  CHECK(available_devices().front() == kCpu);
  CHECK_NOTHROW(require_available(kCpu));
}

TEST_CASE("a device that is not there is an error that names it") {
  CHECK_THROWS_WITH_AS(
      require_available({DeviceKind::cuda, 4096}), doctest::Contains("cuda:4096"), BackendError);
}
