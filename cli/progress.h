// A progress bar with rate and time left, on stderr and only on a terminal.
#pragma once
#include <chrono>
#include <cstdint>

namespace sconce::cli {

class Progress {
 public:
  enum class Unit { items, bytes };
  explicit Progress(Unit unit = Unit::items);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // wipes the line

  // At most ten times a second something is drawn.
  void update(int64_t done, int64_t total);
  // Wipes the line now, before something is printed.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  Unit unit_;
  bool on_terminal_, drawn_ = false;
  Clock::time_point begin_, last_;
};

}  // namespace sconce::cli
