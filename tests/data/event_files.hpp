#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include <H5Cpp.h>

/// Handmade files in the layout of the Spiking Heidelberg Digits.
namespace spiketape::testing {

/// IEEE 754 half precision, little-endian.
inline H5::FloatType float16() {
  H5::FloatType type(H5::PredType::IEEE_F32LE);
  H5Tset_fields(type.getId(), 15, 10, 5, 0, 10);
  type.setPrecision(16);
  type.setSize(2);
  type.setEbias(15);
  return type;
}

/// By default three recordings of 10 units, within 1 s.
struct EventFileContent {
  std::vector<std::vector<double>> times = {{0.5, 0.25, 0.0}, {}, {0.75, 0.75}};
  std::vector<std::vector<std::int64_t>> units = {{2, 1, 9}, {}, {4, 5}};
  std::vector<std::int64_t> labels = {1, 0, 2};

  static EventFileContent empty() { return {{}, {}, {}}; }
  void add(std::vector<double> seconds, std::vector<std::int64_t> numbers, std::int64_t label) {
    times.push_back(std::move(seconds));
    units.push_back(std::move(numbers));
    labels.push_back(label);
  }
};

template <typename T>
void put_lists(H5::Group& group,
               const char* name,
               std::vector<std::vector<T>> lists,
               const H5::DataType& stored,
               const H5::PredType& given,
               bool gzip) {
  std::vector<hvl_t> raw;
  for (auto& list : lists) raw.push_back({list.size(), list.data()});
  const hsize_t count = raw.size();
  H5::DSetCreatPropList properties;
  if (gzip) {
    const hsize_t chunk = 2;
    properties.setChunk(1, &chunk);
    properties.setDeflate(4);
  }
  H5::DataSet data =
      group.createDataSet(name, H5::VarLenType(&stored), H5::DataSpace(1, &count), properties);
  data.write(raw.data(), H5::VarLenType(&given));
}

inline void write_event_file(const std::filesystem::path& path,
                             const EventFileContent& content,
                             const H5::DataType& time_type = H5::PredType::IEEE_F32LE,
                             const H5::DataType& unit_type = H5::PredType::STD_U16LE,
                             bool gzip = false) {
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  H5::Group spikes = file.createGroup("spikes");
  put_lists(spikes, "times", content.times, time_type, H5::PredType::NATIVE_DOUBLE, gzip);
  put_lists(spikes, "units", content.units, unit_type, H5::PredType::NATIVE_INT64, gzip);
  const hsize_t count = content.labels.size();
  file.createDataSet("labels", H5::PredType::STD_U16LE, H5::DataSpace(1, &count))
      .write(content.labels.data(), H5::PredType::NATIVE_INT64);
}

}  // namespace spiketape::testing
