#include "apps/download/sets.hpp"

#include <fmt/format.h>

#include "apps/config.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

RemoteSet fashion_mnist() {
  return {.name = "fmnist",
          .title = "Fashion-MNIST (Xiao, Rasul & Vollgraf 2017)",
          .licence = "MIT",
          .address = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
          .page = "https://github.com/zalandoresearch/fashion-mnist",
          .mirrors = {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/"
                      "fashion"},
          .files = {{.name = "train-images-idx3-ubyte.gz",
                     .md5 = "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                     .bytes = 26'421'880},
                    {.name = "train-labels-idx1-ubyte.gz",
                     .md5 = "25c81989df183df01b3e8a0aad5dffbe",
                     .bytes = 29'515},
                    {.name = "t10k-images-idx3-ubyte.gz",
                     .md5 = "bef4ecab320f06d8554ea6380940ec79",
                     .bytes = 4'422'102},
                    {.name = "t10k-labels-idx1-ubyte.gz",
                     .md5 = "bb300cfdad3c16e7a12a480ee83cd310",
                     .bytes = 5'148}}};
}

RemoteSet heidelberg_digits() {
  return {.name = "shd",
          .title = "Spiking Heidelberg Digits (Cramer et al. 2020)",
          .licence = "CC BY 4.0",
          .address = "https://zenkelab.org/datasets",
          .page = "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
          .mirrors = {"https://compneuro.net/datasets"},
          .files = {{.name = "shd_train.h5.zip",
                     .md5 = "f3252aeb598ac776c1b526422d90eecb",
                     .bytes = 130'000'000,
                     .result = "shd_train.h5"},
                    {.name = "shd_test.h5.zip",
                     .md5 = "1503a5064faa34311c398fb0a1ed0a6f",
                     .bytes = 38'000'000,
                     .result = "shd_test.h5"}}};
}

RemoteSet neuromorphic_mnist() {
  return {.name = "nmnist",
          .title = "Neuromorphic-MNIST (Orchard et al. 2015)",
          .licence = "CC BY-SA 4.0",
          .address = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files",
          .page =
              "https://data.mendeley.com/datasets/468j46mzdv "
              "or https://www.garrickorchard.com/datasets/n-mnist",
          .files = {{.name = "Train.zip",
                     .place = "39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
                     .md5 = "20959b8e626244a1b502305a9e6e2031",
                     .bytes = 1'010'000'000,
                     .result = "Train",
                     .files = 60'000},
                    {.name = "Test.zip",
                     .place = "05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
                     .md5 = "69ca8762b2fe404d9b9bad1103e97832",
                     .bytes = 170'000'000,
                     .result = "Test",
                     .files = 10'000}}};
}

}  // namespace

std::int64_t RemoteSet::bytes() const {
  std::int64_t sum = 0;
  for (const RemoteFile& file : files) sum += file.bytes;
  return sum;
}

std::span<const RemoteSet> remote_sets() {
  static const std::vector<RemoteSet> sets{
      fashion_mnist(), heidelberg_digits(), neuromorphic_mnist()};
  return sets;
}

const RemoteSet& find_remote_set(std::string_view name) {
  std::vector<std::string> known;
  for (const RemoteSet& set : remote_sets()) {
    if (set.name == name) return set;
    known.push_back(set.name);
  }
  if (name == "spoken-digits") {
    throw Error(
        "download: spoken-digits is at no host; it is made from the Free Spoken Digit Dataset "
        "(github.com/Jakobovski/free-spoken-digit-dataset) by a cochlea model such as lauscher "
        "(github.com/electronicvisions/lauscher); the set with a host of its own is shd");
  }
  if (name == "ssc") {
    throw Error(
        "download: ssc is not among the sets that are fetched; unpack ssc_train.h5.zip and "
        "ssc_test.h5.zip of https://zenkelab.org/datasets into the folder for --data");
  }
  if (name == "randman") {
    throw Error("download: randman needs no files; start it with ./run train randman");
  }
  throw Error(fmt::format(
      "download: expected one of {}, got '{}'; without a name, ./run download lists them",
      join_names(known),
      name));
}

}  // namespace spiketape::apps
