#pragma once

#include <stdexcept>

/// The errors that spiketape raises for bad input. Every message says the operation, what was
/// expected, what came and what to do. A bug in the library itself is a std::logic_error.
namespace spiketape {

/// The base of all errors below; catch this to catch everything that a user can cause.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Shapes or sizes that do not fit together.
class ShapeError : public Error {
  using Error::Error;
};

/// A file or a value that breaks the rules of its format; names the file and the place.
class DataError : public Error {
  using Error::Error;
};

/// A number that is not finite where only finite ones make sense; names layer, sample and step.
class NumericError : public Error {
  using Error::Error;
};

/// A device that is missing, too old or out of memory.
class BackendError : public Error {
  using Error::Error;
};

}  // namespace spiketape
