// GPT-2 writes tokens, the likeliest each time, with a cache of keys and values.
//   decode_bench WEIGHTS.pth THREADS REPEATS NEW PRECISION TOKEN...     prints one JSON document
// PRECISION: f32, bf16, f16 or int8 for a prepared step; eager for the module itself.
#include <sconce/sconce.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

namespace {

double cpu_now() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Seconds of each repeat, and the tokens; the first call warms up and does not count.
void run(char** arguments, int count) {
  using namespace sconce;
  set_num_threads(std::atoi(arguments[2]));
  const int repeats = std::atoi(arguments[3]);
  const int64_t fresh = std::atoll(arguments[4]);
  std::vector<int64_t> prompt;
  for (int i = 6; i < count; ++i) prompt.push_back(std::atoll(arguments[i]));
  const auto length = static_cast<int64_t>(prompt.size());
  Tensor ids(Storage::allocate(prompt.size() * sizeof(int64_t)), DType::i64, Shape{1, length});
  std::copy(prompt.begin(), prompt.end(), ids.mutable_data<int64_t>());

  nn::GPT2LMHeadModel model;
  model.load_state_dict(load(arguments[1]));
  model.eval();
  const std::string precision = arguments[5];
  std::optional<nn::GPT2Decoder> decoder;
  if (precision != "eager")
    decoder.emplace(model, 1, length + fresh, PrepareOptions{.precision = parse_precision(precision)});
  std::string seconds, cpu_seconds, tokens;
  Tensor out;
  for (int i = 0; i <= repeats; ++i) {
    const double cpu_begin = cpu_now();
    const auto begin = std::chrono::steady_clock::now();
    out = decoder ? decoder->generate(ids, fresh) : model.generate(ids, fresh);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (i == 0) continue;
    seconds += (i > 1 ? ", " : "") + std::to_string(took.count());
    cpu_seconds += (i > 1 ? ", " : "") + std::to_string(cpu_now() - cpu_begin);
  }
  for (int64_t i = length; i < out.size(1); ++i)
    tokens += (i > length ? ", " : "") + std::to_string(out.data<int64_t>()[i]);
  std::printf(
      "{\"version\": \"%s\", \"precision\": \"%s\", \"plan_bytes\": %lld, \"seconds\": [%s], "
      "\"cpu_seconds\": [%s], \"tokens\": [%s]}\n",
      SCONCE_VERSION, precision.c_str(), static_cast<long long>(decoder ? decoder->plan().packed_bytes() : 0),
      seconds.c_str(), cpu_seconds.c_str(), tokens.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 7)
    return std::fputs("usage: decode_bench WEIGHTS.pth THREADS REPEATS NEW PRECISION TOKEN...\n", stderr), 2;
  try {
    run(arguments, count);
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "decode_bench: %s\n", e.what()), 1;
  }
}
