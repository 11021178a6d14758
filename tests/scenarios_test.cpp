// What people do every day with torch.save and load_state_dict, done here on files that PyTorch wrote, with
// its own output.
#include <doctest/doctest.h>
#include <sconce/npy.h>
#include <sconce/sconce.h>

#include <cstdio>
#include <sstream>

#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using Json = nlohmann::json;

namespace {

const Json& expected() {
  static const Json all = test::json_fixture("scenarios.json");
  return all;
}

std::string file(const char* name) { return test::fixture(std::string("scenarios/") + name).string(); }

struct Model : nn::Module {
  nn::Linear linear{2, 1};
  Tensor forward(const Tensor& x) const override { return linear(x); }
  void members(Walk& w) override { w("linear", linear); }
};

struct Net : nn::Module {
  std::string last;
  nn::Linear hidden{4, 3};
  nn::BatchNorm1d norm{3};
  nn::Linear fc;
  explicit Net(std::string name = "fc", int64_t classes = 2) : last(std::move(name)), fc(3, classes) {}
  void members(Walk& w) override { w("hidden", hidden), w("norm", norm), w(last, fc); }
};

struct CNN : nn::Module {
  nn::Conv2d conv1{3, 16, 3, {.padding = 1}};
  nn::MaxPool2d pool{2};
  nn::Linear fc{16 * 14 * 14, 10};
  Tensor forward(const Tensor& x) const override { return fc(pool(relu(conv1(x))).flatten(1)); }
  void members(Walk& w) override { w("conv1", conv1), w("pool", pool), w("fc", fc); }
};

// The message that loading gives, or the result as it prints.
std::string outcome(nn::Module&& net, const StateDict& state, bool strict = true) {
  try {
    std::ostringstream out;
    out << net.load_state_dict(state, {.strict = strict});
    return out.str();
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::mismatch);
    return e.message();
  }
}

std::string recorded(const Json& j) { return j.contains("error") ? j.at("error") : j.at("result"); }

std::string four_digits(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

}  // namespace

TEST_CASE("scenario 1: a model saved and loaded has equal parameters") {
  Model model;
  model.load_state_dict(load(file("linear.pth")));
  const Json& e = expected().at("linear");
  CHECK(test::bit_equal(model.linear.weight, test::tensor_from(e.at("weight"))));
  CHECK(test::bit_equal(model.linear.bias, test::tensor_from(e.at("bias"))));
  CHECK(test::max_difference(model(test::tensor_from(e.at("input"))), test::tensor_from(e.at("output"))) <
        1e-6);
  CHECK(model.str() == e.at("print").get<std::string>());
}

TEST_CASE("scenarios 2 to 4: a renamed layer, a partial dictionary, another number of classes") {
  const Json& e = expected().at("net");
  const StateDict state = load(file("net.pth")), partial = load(file("partial.pth"));
  std::vector<std::string> keys;
  for (const auto& entry : state) keys.push_back(entry.key);
  CHECK(keys == e.at("keys").get<std::vector<std::string>>());
  CHECK(outcome(Net("classifier"), state) == recorded(e.at("renamed")));
  CHECK(outcome(Net(), partial) == recorded(e.at("partial")));
  CHECK(outcome(Net(), partial, false) == recorded(e.at("partial_not_strict")));
  CHECK(outcome(Net("fc", 5), state) == recorded(e.at("classes")));
  CHECK(outcome(Net("fc", 5), state, false) == recorded(e.at("classes_not_strict")));
  CHECK(outcome(Net(), add_prefix(state, "module.")) == recorded(e.at("prefixed")));
  Net net;
  net.load_state_dict(partial, {.strict = false});
  CHECK(test::bit_equal(net.hidden.weight, test::tensor_from(e.at("hidden.weight"))));
  CHECK(net.norm.weight.data<float>()[0] == 1);
  CHECK(outcome(Net(), state) == "<All keys matched successfully>");
}

TEST_CASE("scenario 2: what is not a state_dict, and what hides one") {
  const Json& e = expected().at("net");
  Value::Items pairs;
  const StateDict state = load(file("net.pth"));
  for (const auto& entry : state) pairs.push_back(Value::tuple({entry.key, entry.value}));
  CHECK_THROWS_WITH_AS(StateDict::from(Value::list(pairs)),
                       e.at("list").at("error").get<std::string>().c_str(), Error);
  StateDict wrapped;
  wrapped.insert("epoch", 3);
  wrapped.insert("state_dict", state.to_value());
  CHECK(outcome(Net(), wrapped) == recorded(e.at("wrapped")));
  CHECK(nn::suggest(Net(), wrapped).argument == "state_dict");
}

TEST_CASE("scenario 5: a checkpoint that was saved on a GPU loads on a CPU") {
  const StateDict state = load(file("net.pth"));
  for (const char* name : {"from_cuda.pth", "from_cuda_legacy.pth"}) {
    CAPTURE(name);
    const StateDict moved = load(file(name));
    REQUIRE(moved.size() == state.size());
    for (const auto& entry : state) {
      CHECK(moved[entry.key].device() == cpu);
      CHECK(test::bit_equal(moved[entry.key], entry.tensor()));
    }
    CHECK(outcome(Net(), moved) == "<All keys matched successfully>");
    const StateDict mapped =
        load(file(name), {.map_location = std::map<std::string, std::string>{{"cuda:0", "cpu"}}});
    CHECK(test::bit_equal(mapped["fc.weight"], state["fc.weight"]));
  }
}

TEST_CASE("scenario 6: the network of the tutorials") {
  CNN net;
  net.load_state_dict(load(file("cnn.pth")));
  const Json& e = expected().at("cnn");
  std::ostringstream printed;
  for (const auto& entry : net.state_dict())
    printed << entry.key << " \t torch.Size(" << entry.tensor().shape() << ")\n";
  CHECK(printed.str() == e.at("printed").get<std::string>());
  CHECK(net.str() == e.at("print").get<std::string>());
  const Tensor y = test::tensor_from(e.at("output"));
  CHECK(test::max_difference(net.eval()(test::seeded("input", {2, 3, 28, 28})), y) <=
        1e-5 * test::max_magnitude(y));
}

TEST_CASE("scenario 7: accuracy looks fine, recall tells the truth") {
  const Json& e = expected().at("fraud");
  nn::Sequential net{nn::Linear(6, 16), nn::BatchNorm1d(16), nn::ReLU(), nn::Dropout(0.2), nn::Linear(16, 1)};
  net.load_state_dict(load(file("fraud.pth")));
  const Tensor x = load_npz(file("fraud_test.npz"), "x"), y = load_npz(file("fraud_test.npz"), "y");
  const Tensor logits = net.eval()(x);
  const Tensor first = test::tensor_from(e.at("logits"));
  CHECK(test::max_difference(logits.slice(0, 0, 64).reshape({64}), first) <=
        1e-5 * test::max_magnitude(first));
  const auto summary = nn::metrics::classification(logits, y);
  CHECK(four_digits(summary.accuracy) == e.at("accuracy").get<std::string>());
  CHECK(four_digits(summary.classes[1].precision) == e.at("precision").get<std::string>());
  CHECK(four_digits(summary.classes[1].recall) == e.at("recall").get<std::string>());
  CHECK(four_digits(summary.classes[1].f_score) == e.at("f1").get<std::string>());
  CHECK(four_digits(summary.loss) == e.at("loss").get<std::string>());
  CHECK(four_digits(summary.auc) == e.at("auc").get<std::string>());
  for (int row = 0; row < 2; ++row)
    for (int column = 0; column < 2; ++column)
      CHECK(summary.confusion.at(row, column) ==
            e.at("confusion")[static_cast<size_t>(row)][static_cast<size_t>(column)].get<int64_t>());
  CHECK(summary.accuracy > 0.98);
  CHECK(summary.classes[1].recall < 0.8);
}

TEST_CASE("scenario 8: a checkpoint to resume training from") {
  const Json& e = expected().at("resume");
  const auto checkpoint = Checkpoint::open(file("resume.pth"));
  CHECK(checkpoint["epoch"].as_int() == e.at("epoch").get<int64_t>());
  CHECK(checkpoint["loss"].as_double() == e.at("loss").get<double>());
  CHECK(checkpoint["history"][2].as_double() == e.at("loss").get<double>());
  CHECK(checkpoint["best"].is_none());
  CHECK(checkpoint["name"].as_string() == "run-1");
  CHECK(checkpoint["scheduler"]["last_epoch"].as_int() == e.at("last_epoch").get<int64_t>());
  const Value& group = checkpoint["optimizer_state_dict"]["param_groups"][0];
  CHECK(group["lr"].as_double() == e.at("lr").get<double>());
  CHECK(group["betas"][1].as_double() == e.at("betas")[1].get<double>());
  const auto& [key, first] = checkpoint["optimizer_state_dict"]["state"].pairs().front();
  CHECK(key.as_int() == 0);
  CHECK(first["step"].as_tensor().item<double>() == e.at("step").get<double>());
  CHECK(test::bit_equal(first["exp_avg"].as_tensor(), test::tensor_from(e.at("exp_avg"))));
  Net net;
  net.load_state_dict(checkpoint.state_dict("model_state_dict"));
  CHECK(test::bit_equal(net.fc.weight, test::tensor_from(e.at("fc.weight"))));
  net.load_state_dict(load(file("resume.pth")));  // the only candidate is found by itself
}

TEST_CASE("scenario: a sparse tensor where a parameter is expected, and tied weights") {
  CHECK(outcome(nn::Linear(2, 2), StateDict::from(Checkpoint::open(file("sparse.pth")).root())) ==
        recorded(expected().at("sparse")));
  const StateDict tied = load(file("tied.pth"));
  CHECK(tied_keys(tied) == std::vector<std::vector<std::string>>{{"0.weight", "1.weight"}});
  nn::Sequential net{nn::Linear(3, 3), nn::Linear(3, 3)};
  net.load_state_dict(tied, {.assign = true});
  CHECK(net.get<nn::Linear>(0).weight.is_same_view(net.get<nn::Linear>(1).weight));
}
