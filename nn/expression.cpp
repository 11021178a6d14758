#include "expression.h"

#include <sconce/error.h>

#include <cctype>
#include <charconv>

namespace sconce::nn {
namespace {

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Expression whole() {
    Expression e = expression(0);
    if (at_ < text_.size()) fail_here("the end");
    return e;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool accept(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    skip_space();
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail_here(std::string("'") + c + "'");
  }

  [[noreturn]] void fail_here(const std::string& expected) const {
    const std::string got = at_ < text_.size() ? "\"" + std::string(text_.substr(at_, 12)) + "\"" : "the end";
    fail_at(at_, "expected " + expected + ", got " + got);
  }

  Expression expression(int depth) {
    if (depth > 100) fail_at(at_, "expected nesting of at most 100");
    skip_space();
    Expression e;
    e.column = at_;
    const char c = peek();
    if (is_name_start(c)) return name_or_call(depth);
    if (c == '"' || c == '\'')
      e.value = quoted();
    else if (c == '(' || c == '[')
      e.value = list(depth);
    else if (std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.')
      e.value = number();
    else
      fail_here("a layer or a value");
    skip_space();
    return e;
  }

  std::string name() {
    const size_t start = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  Expression name_or_call(int depth) {
    Expression e;
    e.column = at_;
    std::string word = name();
    skip_space();
    if (word == "True" || word == "False")
      e.value = word == "True";
    else if (word == "None")
      e.value = std::monostate();
    else if (peek() != '(')
      e.value = std::move(word);  // print(module) writes padding=same without quotes
    else
      e.value = std::make_shared<const Call>(call(std::move(word), depth));
    return e;
  }

  Call call(std::string word, int depth) {
    Call call;
    for (const std::string_view prefix : {"torch.", "nn.", "collections."})
      if (word.starts_with(prefix)) word.erase(0, prefix.size());
    call.name = std::move(word);
    expect('(');
    while (!accept(')')) {
      if (peek() == '(' && entry_name_ahead()) {
        expect('(');
        std::string key = name();
        skip_space();
        expect(')');
        expect(':');
        call.entries.emplace_back(std::move(key), expression(depth + 1));
        accept(',');
        continue;
      }
      std::string keyword;
      if (is_name_start(peek())) {
        const size_t start = at_;
        keyword = name();
        skip_space();
        if (peek() == '=')
          accept('=');
        else
          at_ = start, keyword.clear();
      }
      if (keyword.empty() && !call.arguments.empty() && !call.arguments.back().first.empty())
        fail_at(at_, "expected no positional argument after a named one");
      call.arguments.emplace_back(std::move(keyword), expression(depth + 1));
      if (!accept(',') && peek() != ')' && peek() != '(') fail_here("',' or ')'");
    }
    return call;
  }

  // Is this "(name):"?
  bool entry_name_ahead() const {
    size_t i = at_ + 1;
    while (i < text_.size() && is_name(text_[i])) ++i;
    return i + 1 < text_.size() && text_[i] == ')' && text_[i + 1] == ':';
  }

  Expression::List list(int depth) {
    const char close = peek() == '(' ? ')' : ']';
    accept(peek());
    Expression::List items;
    while (!accept(close)) {
      items.push_back(expression(depth + 1));
      if (!accept(',') && peek() != close) fail_here(std::string("',' or '") + close + "'");
    }
    return items;
  }

  std::string quoted() {
    const char quote = text_[at_++];
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\\') ++at_;
    if (peek() != quote) fail_here("a closing quote (escapes are not read)");
    return std::string(text_.substr(start, at_++ - start));
  }

  decltype(Expression::value) number() {
    const size_t start = at_;
    if (peek() == '+') ++at_;
    const char* first = text_.data() + at_;
    const char* last = text_.data() + text_.size();
    int64_t whole = 0;
    double real = 0;
    const auto as_whole = std::from_chars(first, last, whole);
    const auto as_real = std::from_chars(first, last, real);
    const bool is_whole = as_whole.ec == std::errc() && as_whole.ptr >= as_real.ptr;
    if (!is_whole && as_real.ec != std::errc()) {
      at_ = start;
      fail_here("a number");
    }
    at_ = static_cast<size_t>((is_whole ? as_whole.ptr : as_real.ptr) - text_.data());
    if (is_whole) return whole;
    return real;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

void fail_at(size_t column, const std::string& message) {
  fail(ErrorKind::invalid_argument, "[module_from] ", message, " at column ", column + 1);
}

Expression parse_expression(std::string_view text) {
  check(text.size() <= (size_t{1} << 20), "[module_from] expected at most a megabyte of text, got ",
        text.size(), " bytes");
  return Parser(text).whole();
}

}  // namespace sconce::nn
