// Ctrl-C while something is written.
#include "interrupt.h"

#include <sconce/write_observer.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include "progress.h"

namespace sconce::cli {
namespace {

volatile std::sig_atomic_t received = 0;

void receive(int signal) {
  received = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptibleWriting::InterruptibleWriting(uint64_t total) {
  std::signal(SIGINT, receive);
  std::signal(SIGTERM, receive);
  const auto progress = std::make_shared<Progress>(Progress::Unit::bytes);
  set_write_observer([progress, total](uint64_t written) {
    progress->update(static_cast<int64_t>(written < total ? written : total), static_cast<int64_t>(total));
    return received == 0;
  });
}

InterruptibleWriting::~InterruptibleWriting() {
  set_write_observer(nullptr);
  if (received != 0) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void InterruptibleWriting::end_if_interrupted() {
  if (received == 0) return;
  std::fputs("sconce: interrupted; nothing was written\n", stderr);
  std::signal(received, SIG_DFL);
  std::raise(received);
}

}  // namespace sconce::cli
