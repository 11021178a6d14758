// The tree of a checkpoint as lines of text.
#pragma once
#include <string>

#include "inspect_tree.h"
#include "style.h"

namespace sconce::cli {

// Folds runs of numbered siblings with equal content into one, "0–11 ×12", and a module whose only child is a module
// into one line, "encoder.layers".
void fold_repeats(TreeNode& tree);
// Draws it with box lines, the columns aligned. On a terminal with colours, and lines cut at its width.
std::string draw(const TreeNode& tree, const Style& style);
// "12 tensors, 1,234 elements, 4.9 kB".
std::string sums_of(const TreeNode& node);

}  // namespace sconce::cli
