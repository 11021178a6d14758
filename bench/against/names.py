"""The models and engines by name, for those who do not want to import PyTorch."""

MODELS = ["resnet18", "resnet50", "vgg16", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny",
          "vit_b_16", "swin_t", "bert_base", "gpt2", "lstm", "small_cnn"]
EXTRAS = ["gpt2_decode", "cold_start", "loading", "kernels"]  # measured in their own ways
BATCH_16 = ["resnet50", "mobilenet_v2", "vit_b_16"]  # the ones that are measured in batches unless asked otherwise
NOTES = {"bert_base": "128 tokens", "gpt2": "128 tokens, lm_head", "lstm": "2 layers 256→512, 128 steps", "small_cnn": "28×28"}

# What Sconce's --model takes, where it is not the same name.
SCONCE_NAMES = {
    "lstm": "LSTM(256, 512, num_layers=2, batch_first=True)",
    "small_cnn": "Sequential(Conv2d(3, 16, kernel_size=3, padding=1), ReLU(), MaxPool2d(2), Flatten(), Linear(3136, 10))",
}

# Each engine's program and its own arguments. The peers are those that Sconce's prepared forward is compared with.
PEERS = {
    "torch": ["with_torch.py"],
    "torch.compile": ["with_torch_compile.py"],
    "onnxruntime": ["with_onnxruntime.py"],
    "openvino": ["with_openvino.py"],
    "libtorch": ["with_libtorch.py"],
}
ENGINES = PEERS | {"sconce": ["with_sconce.py"], "sconce eager": ["with_sconce.py", "--eager"]}

DECODERS = {
    "transformers": ["decode/with_transformers.py"],
    "transformers compiled": ["decode/with_transformers.py", "--compile"],
    "llama.cpp": ["decode/with_llama_cpp.py"],
    "sconce": ["decode/with_sconce.py"],
    "sconce bf16": ["decode/with_sconce.py", "--precision", "bf16"],
    "sconce int8": ["decode/with_sconce.py", "--precision", "int8"],
}
