// What a user of the library writes. The same file is built in every way that Sconce can be had.
#include <sconce/sconce.h>

#include <cstdio>

int main() {
  try {
    sconce::load("/no/such/file.pth");
  } catch (const sconce::Error& e) {
    std::printf("sconce %s: %s\n", SCONCE_VERSION, e.what());
    return e.kind() == sconce::ErrorKind::io ? 0 : 1;
  }
  return 1;
}
