// Watching and stopping the writers of a program.
#pragma once
#include <cstdint>
#include <functional>

namespace sconce {

// Called before each piece (16 MiB at most) that save, save_safetensors, save_npz and save_shards write, with the
// bytes written since it was set. Returning false stops the writer: it removes what it has written and throws
// ErrorKind::io ("Operation canceled"). One for the whole process, not to be exchanged while something is written; null
// takes it away.
void set_write_observer(std::function<bool(uint64_t written)> observer);

}  // namespace sconce
