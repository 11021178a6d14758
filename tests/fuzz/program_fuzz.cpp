// Any bytes as the data.pkl of a checkpoint whose storages are all there: what every rebuild makes of its arguments.
#include "records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  for (const Profile profile : {Profile::strict, Profile::compat})
    fuzz::may_fail([&] {
      fuzz::Records records(size % 2 == 1);
      fuzz::read_all(fuzz::read_program(std::as_bytes(std::span(data, size)), records,
                                        fuzz::small_options(size, profile)));
    });
  return 0;
}
