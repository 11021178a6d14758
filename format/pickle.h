// Pickle programs, protocols 0 to 5, read into passive values. Nothing is imported, called or instantiated.
#pragma once
#include "bytes.h"

#include <sconce/checkpoint.h>
#include <sconce/hash_index.h>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sconce {

enum class Op : uint8_t;
class PickleReader;

// What the names and calls in a pickle stand for. The reader itself knows none: as written here, a global is
// its name, a call is a closed object with the name and the arguments, and a persistent id is refused. Each
// function may throw; the reader adds the operation's offset.
class PickleMeaning {
 public:
  virtual ~PickleMeaning() = default;
  // A name from outside: GLOBAL, INST, STACK_GLOBAL. Python 2's names arrive as Python 3's.
  virtual Value global(const std::string& module, const std::string& name);
  // callable(*arguments): REDUCE, NEWOBJ, OBJ, INST. `arguments` is a tuple.
  virtual Value call(PickleReader& reader, const Value& callable, const Value& arguments);
  // Gives `target` its state: BUILD. May turn it into something else (ValueBuilder::become).
  virtual void build(PickleReader& reader, Value& target, const Value& state);
  // What a persistent id refers to: BINPERSID, PERSID.
  virtual Value persistent(PickleReader& reader, const Value& id);
};

// Reads one program. Every pop is checked, every length is held against what is left, and every limit of the
// budget is checked before memory is asked for. Errors carry the byte offset of the operation, counted from
// `base`, and the path of the dictionary keys being filled at that moment.
class PickleReader {
 public:
  PickleReader(Bytes program, PickleMeaning& meaning, Profile profile, const Budget& budget,
               uint64_t base = 0);
  ~PickleReader();
  PickleReader(const PickleReader&) = delete;
  PickleReader& operator=(const PickleReader&) = delete;

  // Runs to STOP and gives the value there. Call once. Throws ErrorKind::corrupt, unsupported (extension
  // codes, buffers outside the stream) or out_of_budget.
  Value read();

  // After read(): bytes up to and with STOP, counted from the program's beginning, and the protocol that it
  // declared.
  size_t length() const { return static_cast<size_t>(in_.position() - base_); }
  int protocol() const { return protocol_; }
  // Names in order of first use, "module.name".
  const std::vector<std::string>& globals() const { return globals_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  // For PickleMeaning: the path of the value under construction ("state_dict.conv1.weight",
  // "optimizer.state.0"), as far as open dictionaries and lists tell.
  std::string key_path() const;
  void warn(std::string sentence);
  Profile profile() const { return profile_; }
  // target[key] = value, of a dict or object. A key that is there keeps its place, takes the value, and gives
  // a warning.
  void set_pair(Value& target, Value key, Value value);
  // Counts bytes of memory that a value takes beyond the file's own; throws ErrorKind::out_of_budget past the
  // limit.
  void charge(uint64_t bytes) {
    if (bytes > budget_.tree_bytes - charged_) fail_tree();
    charged_ += bytes;
  }

 private:
  // Keys of a dictionary that has grown past a few, with their places. It keeps the dictionary's node from
  // being reused.
  struct KeyPlaces {
    Value dict;
    HashIndex strings;
    std::unordered_map<std::string, size_t> others;  // key_text(key)
  };

  bool step(Op op);
  template <class T>
  T number() {
    return load_little<T>(bytes_of(text(sizeof(T))).data());
  }
  std::string_view text(uint64_t length) {
    if (length > in_.remaining() || length > budget_.string_bytes) fail_length(length);
    return in_.take_text(length);
  }
  std::string_view line();
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push(Value value) { stack_.push_back(std::move(value)); }
  Value pop(const char* what) {
    Value out = std::move(top(what));
    stack_.pop_back();
    return out;
  }
  Value& top(const char* what) {
    if (stack_.size() <= floor()) fail_empty(what);
    return stack_.back();
  }
  [[noreturn]] void fail_length(uint64_t length) const;
  [[noreturn]] static void fail_empty(const char* what);
  [[noreturn]] void fail_tree() const;
  Value::Items pop_to_mark(const char* what);
  void push_tuple(size_t count);
  void put(uint64_t index);
  void get(uint64_t index);
  void memoize();
  Value memo_entry(uint64_t index, const Value& value) const;
  void push_text(std::string_view raw);
  void push_python2_string(std::string raw);
  void push_global(std::string module, std::string name);
  void push_call(const Value& callable, const Value& arguments);
  void push_call_of_marked();
  void push_object_ex();
  void push_persistent(const Value& id);
  void set_pairs(Value::Items items);
  size_t place_of(const Value& dict, const Value& key);
  void add_items(Value::Items items, bool to_set);
  void build();
  void touch(const Value& container);
  Value finish();
  void check_depth(const Value& root) const;

  ByteReader in_;
  const uint64_t base_;
  PickleMeaning& meaning_;
  const Profile profile_;
  const Budget budget_;
  int protocol_ = 0;
  uint64_t op_offset_ = 0, opcodes_ = 0, charged_ = 0;
  std::vector<Value> stack_;
  std::vector<size_t> marks_;
  std::vector<Value> memo_;                          // by index, without gaps; None where it is never fetched
  std::optional<std::vector<bool>> fetched_;         // the indexes that are
  bool memo_begins_at_1_ = false;                    // as Python 2's cPickle counts
  std::unordered_map<uint64_t, Value> sparse_memo_;  // indexes that jump ahead, Profile::compat only
  std::vector<Value> retired_;  // containers that neither stack nor memo may know any more
  bool cycles_ = false;         // a container may have come to hold itself
  std::unordered_map<const Value::Node*, KeyPlaces> key_places_;
  std::pair<const Value::Node*, KeyPlaces*> last_places_{};  // those that were asked for last
  std::vector<std::string> globals_, warnings_;
  std::unordered_set<std::string> known_globals_;
};

}  // namespace sconce
