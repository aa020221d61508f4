#include <doctest/doctest.h>

#include <filesystem>

#include "core/error.hpp"
#include "data/image_dataset.hpp"
#include "data/loader.hpp"
#include "tests/data/idx_files.hpp"

using namespace spiketape;
using namespace spiketape::testing;
using doctest::Contains;

namespace {

const Bytes kPixels{0, 255, 52, 100, 200, 0, 51, 50, 255, 255, 255, 255};  // 3 images of 1 x 4

/// Three training images and two test images of 1 x 4 pixels.
void write_folder(const TemporaryFolder& folder) {
  write_gzip(folder / "train-images-idx3-ubyte.gz", idx({3, 1, 4}, kPixels));
  write_plain(folder / "train-labels-idx1-ubyte", idx({3}, {7, 0, 9}));
  write_plain(folder / "t10k-images.idx3-ubyte", idx({2, 1, 4}, Bytes(8, 90)));
  write_gzip(folder / "t10k-labels.idx1-ubyte.gz", idx({2}, {1, 2}));
}

}  // namespace

TEST_CASE("a folder of images loads in every spelling of the file names") {
  const TemporaryFolder folder;
  write_folder(folder);
  const ImageFolder images = load_images(folder.path());
  CHECK(images.train.size() == 3);
  CHECK(images.train.height == 1);
  CHECK(images.train.width == 4);
  CHECK(images.train.labels == std::vector<std::int32_t>{7, 0, 9});
  const auto second = images.train.image(1);
  CHECK(Bytes(second.begin(), second.end()) == Bytes{200, 0, 51, 50});
  CHECK(images.test.size() == 2);
  CHECK(images.test.labels == std::vector<std::int32_t>{1, 2});
  CHECK_THROWS_WITH_AS(images.train.image(3), Contains("expected 0 <= image < 3"), DataError);
}

TEST_CASE("one half of a folder loads without the other") {
  const TemporaryFolder folder;
  write_folder(folder);
  std::filesystem::remove(folder / "train-labels-idx1-ubyte");
  CHECK(load_images(folder.path(), ImagePart::test).size() == 2);
  CHECK_THROWS_WITH_AS(
      load_images(folder.path()),
      Contains(
          "no training labels; looked for train-labels-idx1-ubyte, train-labels-idx1-ubyte.gz, "
          "train-labels.idx1-ubyte, train-labels.idx1-ubyte.gz"),
      DataError);
}

TEST_CASE("a missing image folder is an error that says what belongs there") {
  CHECK_THROWS_WITH_AS(
      load_images("/no/such/folder"),
      Contains("/no/such/folder: no such folder; expected a folder that holds train-images"),
      DataError);
}

TEST_CASE("labels that do not match the images are an error that names both files") {
  const TemporaryFolder folder;
  write_folder(folder);
  write_plain(folder / "train-labels-idx1-ubyte", idx({2}, {7, 0}));
  CHECK_THROWS_WITH_AS(
      load_images(folder.path()),
      Contains("train-labels-idx1-ubyte: offset 4: 2 labels do not match the 3 images of"),
      DataError);
}

TEST_CASE("a label outside the classes is an error at its offset") {
  const TemporaryFolder folder;
  write_folder(folder);
  CHECK_THROWS_WITH_AS(
      load_images(folder.path(), 9), Contains("offset 10: label 9 of sample 2"), DataError);
}

TEST_CASE("images and labels mixed up, no images, and halves that differ are errors") {
  const TemporaryFolder folder;
  write_folder(folder);
  write_plain(folder / "t10k-images.idx3-ubyte", idx({2, 2, 2}, Bytes(8, 90)));
  CHECK_THROWS_WITH_AS(
      load_images(folder.path()), Contains("1 x 4 but test images 2 x 2"), DataError);
  write_plain(folder / "t10k-images.idx3-ubyte", idx({2}, {1, 2}));
  CHECK_THROWS_WITH_AS(load_images(folder.path()), Contains("wrong number of axes 1"), DataError);
  write_plain(folder / "t10k-images.idx3-ubyte", idx({0, 1, 4}, {}));
  CHECK_THROWS_WITH_AS(load_images(folder.path()), Contains("holds no images"), DataError);
  write_plain(folder / "t10k-images.idx3-ubyte", idx({2, 0, 4}, {}));
  CHECK_THROWS_WITH_AS(load_images(folder.path()), Contains("images of 0 x 4 pixels"), DataError);
}

TEST_CASE("latency-coded images hold the events of each image and its label") {
  const TemporaryFolder folder;
  write_folder(folder);
  const EventDataset dataset =
      latency_dataset(load_images(folder.path(), ImagePart::train), LatencyEncoder());
  CHECK(dataset.size() == 3);
  CHECK(dataset.steps() == 100);
  CHECK(dataset.neurons() == 4);
  CHECK(dataset.classes() == 10);
  CHECK(dataset.label(2) == 9);
  std::vector<StepEvent> events;
  dataset.encode(0, events);
  CHECK(events == std::vector<StepEvent>{{4, 1}, {14, 3}, {79, 2}});
  CHECK(dataset.event_count() == 3 + 1 + 4);
}

TEST_CASE("rate-coded images fire anew each epoch and the same when asked again") {
  const TemporaryFolder folder;
  write_folder(folder);
  const RateDataset dataset(load_images(folder.path(), ImagePart::train),
                            RateEncoder({.max_rate = 500.0}));
  CHECK(dataset.size() == 3);
  CHECK(dataset.neurons() == 4);
  CHECK(dataset.label(0) == 7);
  std::vector<StepEvent> first;
  std::vector<StepEvent> again;
  std::vector<StepEvent> later;
  dataset.encode(2, first, 0);
  dataset.encode(2, again, 0);
  dataset.encode(2, later, 1);
  CHECK(first == again);
  CHECK(first != later);
  CHECK_THROWS_WITH_AS(dataset.encode(3, first), Contains("expected 0 <= sample < 3"), DataError);
}
