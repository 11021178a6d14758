"""What Sconce's time may be, as a share of the best peer's: on CPUs with add pipes of their own (Zen 3 to 5), and on others."""

SINGLE = {
    "resnet18": (0.40, 0.52), "resnet50": (0.58, 0.78), "vgg16": (0.38, 0.45), "densenet121": (0.62, 0.75),
    "mobilenet_v2": (0.72, 0.85), "mobilenet_v3_small": (0.70, 0.75), "efficientnet_b0": (0.72, 0.80), "convnext_tiny": (0.70, 0.90),
    "vit_b_16": (0.70, 0.93), "swin_t": (0.72, 0.90), "bert_base": (0.70, 0.92), "gpt2": (0.66, 0.88), "lstm": (0.55, 0.60),
    "small_cnn": (0.50, 0.60)}
BATCHED = {model: (0.70, 0.85) for model in ("resnet50", "mobilenet_v2", "vit_b_16")}


def goal(model, batch, add_pipes):
    """The share, or None where there is no goal."""
    both = (SINGLE if batch == 1 else BATCHED).get(model)
    return both and both[0 if add_pipes else 1]
