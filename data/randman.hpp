#pragma once

#include <cstdint>

#include "data/event_dataset.hpp"

namespace spiketape {

/// A synthetic data set that needs no file.
struct RandmanOptions {
  std::int64_t classes = 10;
  std::int64_t units = 100;
  std::int64_t steps = 100;
  std::int64_t dimensions = 1;  ///< coordinates of a manifold; more are harder
  double alpha = 3.0;  ///< smoothness: Fourier term k has amplitude k^-alpha; smaller is harder
  std::int64_t train_samples = 4000;  ///< of all classes together
  std::int64_t test_samples = 1000;   ///< of all classes together
  std::uint64_t seed = 0;
};

/// Samples to train on and other samples of the same manifolds to test on.
struct RandmanData {
  EventDataset train;
  EventDataset test;
};

/// Random smooth manifolds of spike times (randman): a class is a manifold, a sample a uniform
/// point x of it, and every unit fires exactly once, at a time that changes smoothly with x:
///
///     f(x) = product over coordinates d of  sum_{k=1..K} k^-alpha a_k sin(2 pi (k b_k x_d + c_k))
///     step = floor(steps * (f(x) - min f) / (max f - min f)), at most steps - 1
///
/// with a, b, c uniform in [0, 1) for each class, unit and coordinate, K the terms of amplitude
/// 1e-3 and more (at most 200), and the extremes of f taken over 512 points of the manifold. Labels
/// run 0, 1, ..., classes - 1, 0, ... so both sets are balanced. A pure function of the options.
/// Source: Zenke & Vogels, Neural Computation 33(4), 2021, "The remarkable robustness of surrogate
/// gradient learning".
/// @throws ShapeError or DataError when a number is out of range: names it.
RandmanData make_randman(const RandmanOptions& options = {});

}  // namespace spiketape
