// GPT-2 decoding by a plan whose caches are written in place: the eager logits, the same tokens, in every precision.
#include <doctest/doctest.h>
#include <sconce/error.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>

#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("decode: step by step, in place") {
  for (int64_t heads : {4, 3}) {  // heads of 24 and of 32 channels
    nn::GPT2LMHeadModel gpt2({100, 64, 96, 2, heads, 1e-5});
    fill(gpt2);
    for (int threads : {1, 2}) {
      nn::GPT2Decoder decoder(gpt2, 2, 20, {.threads = threads});
      CHECK(decoder.plan().interpreted_steps() == 0);
      CHECK(decoder.plan().describe().find("position mask") != std::string::npos);
      const Tensor ids = seeded_tokens({2, 20}, 100), all = gpt2(ids);
      for (int round = 0; round < 2; ++round) {
        decoder.clear();
        // A prompt, single tokens, several again, and single ones.
        for (int64_t at = 0, count = 5; at < 20; at += count, count = at == 9 ? 3 : 1) {
          const Tensor& logits = decoder.step(ids.slice(1, at, at + count));
          CHECK(max_difference(logits, all.select(1, at + count - 1)) <= 1e-5 * max_magnitude(all));
          CHECK(decoder.length() == at + count);
        }
        CHECK_THROWS_AS(decoder.step(ids.slice(1, 0, 1)), Error);
      }
      const Tensor prompt = ids.slice(1, 0, 7);
      CHECK(equal(decoder.generate(prompt, 13), gpt2.generate(prompt, 13)));
      const int64_t end = gpt2.generate(prompt, 13).select(1, 9).contiguous().data<int64_t>()[0];
      CHECK(equal(decoder.generate(prompt, 13, end), gpt2.generate(prompt, 13, end)));
    }
  }
  nn::GPT2LMHeadModel gpt2({100, 64, 96, 2, 4, 1e-5});
  CHECK_THROWS_AS(nn::GPT2Decoder(gpt2, 1, 65), Error);
  CHECK_THROWS_AS(nn::GPT2Decoder(gpt2, 2, 64).step(seeded_tokens({1, 1}, 100)), Error);
}

TEST_CASE("decode: narrow weights stay near f32") {
  nn::GPT2LMHeadModel gpt2({100, 64, 96, 2, 4, 1e-5});
  fill(gpt2);
  const Tensor ids = seeded_tokens({1, 12}, 100), all = gpt2(ids);
  int64_t bytes = nn::GPT2Decoder(gpt2, 1, 12).plan().packed_bytes();
  // Largest differences over largest logits that these weights give, times about two.
  for (const auto& [precision, error] :
       {std::pair(Precision::f16, 1e-3), {Precision::bf16, 8e-3}, {Precision::int8, 2e-2}}) {
    const char* name = name_of(precision);  // clang 14 captures no structured binding
    CAPTURE(name);
    nn::GPT2Decoder decoder(gpt2, 1, 12, {.precision = precision});
    CHECK(decoder.plan().packed_bytes() <
          (precision == Precision::int8 ? 0.35 : 0.6) * static_cast<double>(bytes));
    double worst = 0;
    for (int64_t at = 0; at < 12; ++at)
      worst = std::max(worst, max_difference(decoder.step(ids.slice(1, at, at + 1)), all.select(1, at)));
    CHECK(worst <= error * max_magnitude(all));
    CHECK(worst > 0);
  }
}

TEST_CASE("index_copy: into a copy, into the input itself, and nowhere else") {
  const Tensor self = seeded("input", {2, 3, 5, 4}), source = seeded("source", {2, 3, 2, 4});
  const Tensor index = tensor(std::vector<int64_t>{3, 0}, {2});
  const Tensor expected = index_copy(self, 2, index, source);
  const Plan plan = prepare(
      [](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{index_copy(in[0], 2, in[1], mul(in[2], 1.0))};
      },
      {self, index, source});
  CHECK(plan.interpreted_steps() == 0);
  CHECK(bit_equal(plan({self, index, source})[0], expected));
  Tensor cache = self.clone();
  std::vector<Tensor> outputs{cache};
  plan.run({cache, index, source}, outputs);
  CHECK(bit_equal(cache, expected));
  outputs = {empty({2, 3, 5, 4})};
  CHECK_THROWS_WITH_AS(plan.run({self, tensor(std::vector<int64_t>{3, 5}, {2}), source}, outputs),
                       "index_copy_(): index 5 is out of bounds for dimension 2 with size 5", Error);
  // Where the input is read afterwards, it may not be written to.
  const Plan reads = prepare(
      [](const std::vector<Tensor>& in) {
        const Tensor y = index_copy(in[0], 2, in[1], in[2]);
        return std::vector<Tensor>{y, add(in[0], y)};
      },
      {self, index, source});
  CHECK(bit_equal(reads({self, index, source})[1], add(self, expected)));
  outputs = {cache, empty({2, 3, 5, 4})};
  CHECK_THROWS_AS(reads.run({cache, index, source}, outputs), Error);
}
