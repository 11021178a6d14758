#!/bin/sh
# One published accuracy, measured again with the program.
#   published_accuracy.sh PROGRAM NAME DEFAULT_CHECKPOINTS
# The checkpoints are those of $SCONCE_CHECKPOINTS, else of the default folder; without them the exit code is 77.
set -eu
program=$1 name=$2 files=${SCONCE_CHECKPOINTS:-$3}
mnist="idx:$files/mnist/t10k-images-idx3-ubyte.gz,$files/mnist/t10k-labels-idx1-ubyte.gz"
cifar="cifar10:$files/cifar10/test_batch_by_class.bin"
# What was published, and how far from it is still the same: less than one of the 10,000 samples, or what the source printed.
case $name in
  resnet20) weights=$files/cifar10/resnet20-12fca82f.th wanted=0.9173 off=0.0001
    set -- --model cifar_resnet20 --key state_dict --prefix-strip module. --data "$cifar" ;;
  resnet32) weights=$files/cifar10/resnet32-d509ac18.th wanted=0.9263 off=0.0002
    set -- --model cifar_resnet32 --key state_dict --prefix-strip module. --data "$cifar" ;;
  convex_adversarial) weights=$files/mnist/convex_adversarial_mnist.pth wanted=0.9820 off=0.0001
    set -- --model "Sequential(Conv2d(1, 16, 4, stride=2, padding=1), ReLU(), Conv2d(16, 32, 4, stride=2, padding=1), ReLU(),
                               Flatten(), Linear(1568, 100), ReLU(), Linear(100, 10))" --data "$mnist" ;;
  lenet) weights="$files/mnist/lenet_epoch=12_test_acc=0.991.pth" wanted=0.9908 off=0.0001
    set -- --model lenet --resize 32 --resize-as tensor --data "$mnist" ;;
  *) echo "no published accuracy named $name"; exit 2 ;;
esac
if [ ! -e "$weights" ]; then echo "skipped: no $weights"; exit 77; fi
accuracy=$("$program" eval "$@" --weights "$weights" --json --metrics accuracy | sed -n 's/.*"accuracy": *\([0-9.]*\).*/\1/p')
echo "$name: accuracy $accuracy, published $wanted"
awk -v a="$accuracy" -v w="$wanted" -v off="$off" 'BEGIN { d = a - w; if (d < 0) d = -d; exit !(a != "" && d <= off + 1e-9) }'
