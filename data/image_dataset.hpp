#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "data/event_dataset.hpp"
#include "data/latency.hpp"
#include "data/rate.hpp"

namespace spiketape {

/// Grey images with labels.
struct ImageSet {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t classes = 10;
  Buffer<std::uint8_t> pixels;       ///< [image, row, column]
  std::vector<std::int32_t> labels;  ///< [image]

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  /// Pixels of one image, row by row.
  std::span<const std::uint8_t> image(std::int64_t i) const;
};

/// Both halves of a folder.
struct ImageFolder {
  ImageSet train;
  ImageSet test;
};

enum class ImagePart { train, test };

/// Reads one half of an MNIST-like folder (MNIST, Fashion-MNIST, KMNIST...):
/// "train-images-idx3-ubyte" and "train-labels-idx1-ubyte", or "t10k-..." for the test half, also
/// spelled "train-images.idx3-ubyte", each plain or with ".gz".
/// @throws DataError when the folder or a file is missing (names what is looked for), a file is not
/// as read_idx() wants it, there are no images, labels and images differ in number, or a label is
/// `classes` or more.
ImageSet load_images(const std::filesystem::path& folder,
                     ImagePart part,
                     std::int64_t classes = 10);

/// Reads both halves. @throws DataError as above, and when the two differ in image size.
ImageFolder load_images(const std::filesystem::path& folder, std::int64_t classes = 10);

/// Encodes every image once; the images are not needed any more afterwards. Neurons = pixels of an
/// image.
EventDataset latency_dataset(const ImageSet& images, const LatencyEncoder& encoder);

/// Images that fire at a rate, with new spikes each epoch.
class RateDataset : public Dataset {
 public:
  RateDataset(ImageSet images, RateEncoder encoder);

  std::int64_t size() const override { return images_.size(); }
  std::int64_t steps() const override { return encoder_.options().steps; }
  std::int64_t neurons() const override { return images_.height * images_.width; }
  std::int64_t classes() const override { return images_.classes; }

 private:
  std::int32_t label_of(std::int64_t sample) const override;
  std::span<const StepEvent> events_of(std::int64_t sample,
                                       std::int64_t epoch,
                                       std::vector<StepEvent>& scratch) const override;

  ImageSet images_;
  RateEncoder encoder_;
};

}  // namespace spiketape
