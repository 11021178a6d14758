// Symbols as text for people.
#include "scan_symbols.h"

#include "pickle_text.h"

#include <bit>

namespace sconce {
namespace {

constexpr size_t longest_text = 200;
constexpr int deepest_text = 8;

class SymbolWriter {
 public:
  explicit SymbolWriter(const Symbols& symbols) : symbols_(symbols) {}

  void write(uint32_t id, int depth, std::string& out) const {
    if (out.size() > longest_text || depth > deepest_text) {
      if (out.size() < 3 || out.substr(out.size() - 3) != "...") out += "...";
      return;
    }
    const Symbol& node = symbols_[id];
    switch (node.kind) {
      case SymbolKind::unknown: out += "?"; break;
      case SymbolKind::none: out += "None"; break;
      case SymbolKind::boolean: out += node.number ? "True" : "False"; break;
      case SymbolKind::integer: out += std::to_string(node.number); break;
      case SymbolKind::real: out += Value(std::bit_cast<double>(node.number)).repr(); break;
      case SymbolKind::long_integer:
        out += node.text.size() <= 64 ? decode_integer(node.text).repr() : std::string("(a long integer)");
        break;
      case SymbolKind::text:
        out += Value(std::string(node.text.substr(0, longest_text))).repr(longest_text);
        break;
      case SymbolKind::bytes:
        out += Value::bytes(std::string(node.text.substr(0, longest_text))).repr(longest_text);
        break;
      case SymbolKind::list: write_items(node.items, depth, "[", "]", out); break;
      case SymbolKind::tuple:
        write_items(node.items, depth, "(", node.items.size() == 1 ? ",)" : ")", out);
        break;
      case SymbolKind::set: write_items(node.items, depth, "{", "}", out); break;
      case SymbolKind::dict: write_pairs(node.items, depth, out); break;
      case SymbolKind::written: out += node.text.substr(0, longest_text); break;
      case SymbolKind::global:
      case SymbolKind::global_with_state: out += node.text.substr(0, longest_text); break;
      case SymbolKind::persistent:
        out += "persistent id ";
        write(node.items[0], depth + 1, out);
        break;
      case SymbolKind::call: {
        write(node.items[0], depth + 1, out);
        const Symbol& arguments = symbols_[node.items[1]];
        if (arguments.kind == SymbolKind::tuple)
          write_items(arguments.items, depth, "(", ")", out);
        else
          out += "(*", write(node.items[1], depth + 1, out), out += ")";
        break;
      }
    }
  }
  void write_items(const std::vector<uint32_t>& items, int depth, const char* open, const char* close,
                   std::string& out) const {
    out += open;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ", ";
      if (out.size() > longest_text) {
        out += "...";
        break;
      }
      write(items[i], depth + 1, out);
    }
    out += close;
  }
  void write_pairs(const std::vector<uint32_t>& items, int depth, std::string& out) const {
    out += "{";
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (i > 0) out += ", ";
      if (out.size() > longest_text) {
        out += "...";
        break;
      }
      write(items[i], depth + 1, out);
      out += ": ";
      write(items[i + 1], depth + 1, out);
    }
    out += "}";
  }

 private:
  const Symbols& symbols_;
};

}  // namespace

std::string text_of(const Symbols& symbols, uint32_t id) {
  std::string out;
  SymbolWriter(symbols).write(id, 0, out);
  return out;
}

}  // namespace sconce
