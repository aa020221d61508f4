#include "data/image_dataset.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"
#include "core/spike_tensor.hpp"
#include "data/idx.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;

/// The file of `folder` that holds e.g. ("train", "images", 3).
fs::path find_file(const fs::path& folder, std::string_view part, std::string_view kind, int rank) {
  const std::string plain = fmt::format("{}-{}-idx{}-ubyte", part, kind, rank);
  const std::string dotted = fmt::format("{}-{}.idx{}-ubyte", part, kind, rank);
  const std::array names{plain, plain + ".gz", dotted, dotted + ".gz"};
  for (const std::string& name : names)
    if (std::error_code error; fs::is_regular_file(folder / name, error)) return folder / name;
  throw DataError(
      fmt::format("{}: no {} {}; looked for {}. Give the folder that holds the IDX files",
                  folder.string(),
                  part == "train" ? "training" : "test",
                  kind,
                  fmt::join(names, ", ")));
}

std::vector<std::int32_t> read_labels(const fs::path& file, std::int64_t classes) {
  const IdxArray array = read_idx(file, 1);
  const auto values = array.values.span();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] >= classes)
      throw DataError(fmt::format("{}: offset {}: label {} of sample {}; expected labels below {}",
                                  file.string(),
                                  8 + i,
                                  values[i],
                                  i,
                                  classes));
  return {values.begin(), values.end()};
}

}  // namespace

std::span<const std::uint8_t> ImageSet::image(std::int64_t i) const {
  if (i < 0 || i >= size())
    throw DataError(fmt::format("image {} asked for; expected 0 <= image < {}", i, size()));
  const auto pixels_of_image = static_cast<std::size_t>(height * width);
  return pixels.span().subspan(static_cast<std::size_t>(i) * pixels_of_image, pixels_of_image);
}

ImageSet load_images(const fs::path& folder, ImagePart part, std::int64_t classes) {
  if (std::error_code error; !fs::is_directory(folder, error))
    throw DataError(
        fmt::format("{}: no such folder; expected a folder that holds train-images-idx3-ubyte, "
                    "train-labels-idx1-ubyte, "
                    "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz",
                    folder.string()));
  const std::string_view prefix = part == ImagePart::train ? "train" : "t10k";
  const fs::path image_file = find_file(folder, prefix, "images", 3);
  const fs::path label_file = find_file(folder, prefix, "labels", 1);
  IdxArray images = read_idx(image_file, 3);
  ImageSet set{images.shape[1],
               images.shape[2],
               classes,
               std::move(images.values),
               read_labels(label_file, classes)};
  if (images.shape[0] == 0)
    throw DataError(
        fmt::format("{}: offset 4: holds no images; expected 1 or more", image_file.string()));
  if (set.size() != images.shape[0])
    throw DataError(fmt::format(
        "{}: offset 4: {} labels do not match the {} images of {}; take both from one source",
        label_file.string(),
        set.size(),
        images.shape[0],
        image_file.string()));
  if (set.height < 1 || set.width < 1 || set.height > kMaxNeurons ||
      set.height * set.width > kMaxNeurons)
    throw DataError(fmt::format("{}: offset 8: images of {} x {} pixels; expected 1 to {} pixels",
                                image_file.string(),
                                set.height,
                                set.width,
                                kMaxNeurons));
  return set;
}

ImageFolder load_images(const fs::path& folder, std::int64_t classes) {
  ImageFolder both{load_images(folder, ImagePart::train, classes),
                   load_images(folder, ImagePart::test, classes)};
  if (both.train.height != both.test.height || both.train.width != both.test.width)
    throw DataError(fmt::format(
        "{}: training images are {} x {} but test images {} x {}; expected the same size",
        folder.string(),
        both.train.height,
        both.train.width,
        both.test.height,
        both.test.width));
  return both;
}

EventDataset latency_dataset(const ImageSet& images, const LatencyEncoder& encoder) {
  EventDataset dataset(encoder.options().steps, images.height * images.width, images.classes);
  std::vector<StepEvent> events;
  for (std::int64_t i = 0; i < images.size(); ++i) {
    encoder.encode(images.image(i), events);
    dataset.append(events, images.labels[static_cast<std::size_t>(i)]);
  }
  return dataset;
}

RateDataset::RateDataset(ImageSet images, RateEncoder encoder)
    : images_(std::move(images)), encoder_(encoder) {
  check_dataset_sizes(
      "rate data set", RateDataset::steps(), RateDataset::neurons(), RateDataset::classes());
}

std::int32_t RateDataset::label_of(std::int64_t sample) const {
  return images_.labels[static_cast<std::size_t>(sample)];
}

std::span<const StepEvent> RateDataset::events_of(std::int64_t sample,
                                                  std::int64_t epoch,
                                                  std::vector<StepEvent>& scratch) const {
  encoder_.encode(images_.image(sample), sample, epoch, scratch);
  return scratch;
}

}  // namespace spiketape
