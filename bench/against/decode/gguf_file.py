#!/usr/bin/env python3
"""GPT-2's weights as an f32 GGUF file without a vocabulary, for llama.cpp.  gguf_file.py WEIGHTS.pth OUT.gguf"""
import os
import sys

import gguf
import torch

LAYER = {
    "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down"}


def name_of(key):
    """llama.cpp's name of a key of transformers', or None for what it does not store."""
    key = key.removeprefix("transformer.")
    fixed = {"wte.weight": "token_embd.weight", "wpe.weight": "position_embd.weight", "ln_f.weight": "output_norm.weight",
             "ln_f.bias": "output_norm.bias"}
    if key in fixed:
        return fixed[key]
    if key.startswith("h."):
        _, layer, rest = key.split(".", 2)
        module, kind = rest.rsplit(".", 1)
        if module in LAYER:
            return f"blk.{layer}.{LAYER[module]}.{kind}"
    return None


def main():
    weights, out = sys.argv[1], sys.argv[2]
    state = torch.load(weights, weights_only=True)
    writer = gguf.GGUFWriter(out + ".partial", "gpt2")
    writer.add_block_count(12)
    writer.add_context_length(1024)
    writer.add_embedding_length(768)
    writer.add_feed_forward_length(3072)
    writer.add_head_count(12)
    writer.add_layer_norm_eps(1e-5)
    writer.add_vocab_size(50257)
    writer.add_tokenizer_model("none")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for key, tensor in state.items():
        name = name_of(key)
        if name is None:
            continue
        if name.split(".")[-2] in ("attn_qkv", "attn_output", "ffn_up", "ffn_down") and name.endswith("weight"):
            tensor = tensor.T  # transformers' Conv1D keeps [in, out]
        writer.add_tensor(name, tensor.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(out + ".partial", out)


main()
