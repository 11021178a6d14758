// The progress bar.
#include "progress.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "text.h"

namespace sconce::cli {
namespace {

std::string duration(double seconds) {
  std::array<char, 48> out{};
  const long s = std::lround(seconds);
  if (s < 60)
    std::snprintf(out.data(), out.size(), "%ld s", s);
  else if (s < 3600)
    std::snprintf(out.data(), out.size(), "%ld:%02ld min", s / 60, s % 60);
  else
    std::snprintf(out.data(), out.size(), "%ld:%02ld h", s / 3600, s / 60 % 60);
  return out.data();
}

}  // namespace

Progress::Progress(Unit unit)
    : unit_(unit), on_terminal_(isatty(STDERR_FILENO) == 1), begin_(Clock::now()), last_(begin_) {}

Progress::~Progress() { finish(); }

void Progress::finish() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void Progress::update(int64_t done, int64_t total) {
  const Clock::time_point now = Clock::now();
  if (!on_terminal_ || total <= 0 || (now - last_ < std::chrono::milliseconds(100) && done < total)) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  constexpr int64_t width = 30;
  std::string bar;
  for (int64_t i = 0; i < width; ++i) bar += i < done * width / total ? "█" : "░";
  const auto amount = [&](double n) {
    return unit_ == Unit::bytes ? human_bytes(static_cast<uint64_t>(n)) : with_commas(std::llround(n));
  };
  std::fprintf(stderr, "\r%s %s/%s  %s/s  %s left\x1b[K", bar.c_str(),
               amount(static_cast<double>(done)).c_str(), amount(static_cast<double>(total)).c_str(),
               amount(rate).c_str(),
               rate > 0 ? duration(static_cast<double>(total - done) / rate).c_str() : "?");
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace sconce::cli
