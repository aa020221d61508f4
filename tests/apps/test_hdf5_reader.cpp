#include "apps/hdf5_reader.hpp"

#include <H5Cpp.h>
#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/apps/small_run.hpp"

using namespace spiketape;
using namespace spiketape::apps;

TEST_CASE("a data set that claims more values than the file holds is refused") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    const hsize_t chunk = 1;
    const hsize_t claimed = hsize_t{1} << 40;
    H5::DSetCreatPropList properties;
    properties.setChunk(1, &chunk);
    file.createDataSet("huge", H5::PredType::NATIVE_DOUBLE, H5::DataSpace(1, &claimed), properties);
    const double value = 2.5;
    file.createDataSet("one", H5::PredType::NATIVE_DOUBLE, H5::DataSpace(1, &chunk))
        .write(&value, H5::PredType::NATIVE_DOUBLE);
  }
  const Hdf5Reader reader(path);
  CHECK(reader.numbers("one").values == std::vector<double>{2.5});
  CHECK_THROWS_WITH_AS(reader.numbers("huge"),
                       doctest::Contains("'huge' claims more values than the file holds"),
                       DataError);
  CHECK_THROWS_AS(reader.integers("huge", 1), DataError);
  CHECK_THROWS_AS(reader.tensor("huge"), DataError);
}
