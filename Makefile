# The short way to everything. On Debian and Ubuntu it installs the packages that are missing; see .ci/install-packages.
#   make demo   build, and run the two demonstrations
#   make test   build, and run every test
.PHONY: demo test bench bench-load fixtures format lint cross fuzz clean build packages print-jobs
.DEFAULT_GOAL := demo
MAKEFLAGS += --no-print-directory

BUILD ?= build
# One compiler needs about 1.5 GB.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); m=$$(awk '/^MemAvailable/ {print int($$2 / 1500000)}' /proc/meminfo 2>/dev/null || echo 2); \
                [ "$$m" -ge 1 ] || m=1; [ "$$n" -le "$$m" ] && echo $$n || echo $$m)
CMAKE_FLAGS ?= -DCMAKE_BUILD_TYPE=Release -DSCONCE_WERROR=OFF
VENV ?= .venv

packages:
	@sh .ci/install-packages build

build: packages
	@cmake -S . -B $(BUILD) $(CMAKE_FLAGS) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build $(BUILD) --parallel $(JOBS)

demo: packages
	@cmake -S . -B $(BUILD) $(CMAKE_FLAGS) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build $(BUILD) --parallel $(JOBS) --target sconce_demo sconce_cli
	@$(BUILD)/tests/examples/sconce_demo tests/fixtures/demo $(BUILD)/demo

test: build
	@cd $(BUILD) && ctest --output-on-failure --no-label-summary --parallel $(JOBS)

# Whole models beside the peers, in interleaved rounds: bench/README.md. Needs Python and, the first time, the network.
#   make bench MODELS="resnet50 vit_b_16" THREADS="1 2" BATCH="1 16" ROUNDS=5 ENGINES="sconce onnxruntime"
#   make bench QUICK=1     one short round, to try the harness itself; writes into the build folder
bench_options = $(if $(MODELS),--models $(MODELS)) $(if $(THREADS),--threads $(THREADS)) $(if $(BATCH),--batch $(BATCH)) \
                $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ENGINES),--engines $(ENGINES)) $(if $(QUICK),--quick)
bench: packages $(VENV)/.bench-ready
	@cmake -S . -B $(BUILD) $(CMAKE_FLAGS) -DSCONCE_BENCH=ON >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log
	@cmake --build $(BUILD) --parallel $(JOBS) --target bench_programs
	@BENCH_COMMAND='make bench $(MAKEOVERRIDES)' $(VENV)/bin/python bench/bench.py --build $(BUILD) $(bench_options)

# llama.cpp has no wheels: where it does not build, the decoding goes without it.
$(VENV)/.bench-ready: bench/against/requirements.txt $(VENV)/.ready
	@$(VENV)/bin/pip install --quiet --requirement bench/against/requirements.txt && touch $@
	@$(VENV)/bin/pip install --quiet llama-cpp-python >/dev/null 2>&1 || echo "llama-cpp-python does not install here; gpt2_decode goes without llama.cpp"

# Loading and saving alone, beside every peer: torch.load, safetensors, LibTorch's C++ reader.
bench-load: CMAKE_FLAGS += -DSCONCE_BENCH=ON
bench-load: build $(VENV)/.ready
	@$(VENV)/bin/python bench/against/compare_load.py --build $(BUILD)

# Writes every committed fixture again, with real PyTorch.
fixtures: $(VENV)/.ready
	@$(VENV)/bin/python tests/fixtures/make_fixtures.py

$(VENV)/.ready: tests/fixtures/requirements.txt
	@sh .ci/install-packages python
	@python3 -m venv $(VENV) && $(VENV)/bin/pip install --quiet --requirement tests/fixtures/requirements.txt && touch $@

format:
	@sh .ci/install-packages lint
	@git ls-files --cached --others --exclude-standard '*.h' '*.cpp' | xargs clang-format -i

lint:
	@sh .ci/install-packages build lint
	@JOBS=$(JOBS) sh .ci/lint

# The tests built for another machine and run under qemu: ARCH=s390x (big-endian) or aarch64.
ARCH ?= s390x
cross: packages
	@sh .ci/install-packages cross-$(ARCH)
	@cmake -S . -B build-$(ARCH) --toolchain third_party/cross.cmake -DSCONCE_CROSS=$(ARCH) -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1 \
	       -DSCONCE_WERROR=OFF >build-$(ARCH).log 2>&1 || { cat build-$(ARCH).log; exit 1; }; rm -f build-$(ARCH).log
	@cmake --build build-$(ARCH) --parallel $(JOBS)
	@cd build-$(ARCH) && ctest --output-on-failure --no-label-summary --parallel $(JOBS)

# Each parser's fuzz target for TIME seconds, under libFuzzer with ASan and UBSan; ENGINE=afl under AFL++ instead.
TIME ?= 60
ENGINE ?= libfuzzer
ifeq ($(ENGINE),afl)
FUZZ_BUILD := build-afl
FUZZ_FLAGS := -DCMAKE_CXX_COMPILER=afl-clang-fast++ -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O2
else
FUZZ_BUILD := build-fuzz
FUZZ_FLAGS := -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1" -DSCONCE_SANITIZE=address,undefined
endif
fuzz:
	@sh .ci/install-packages build clang $(filter afl,$(ENGINE))
	@cmake -S . -B $(FUZZ_BUILD) $(FUZZ_FLAGS) -DSCONCE_FUZZ=ON -DSCONCE_TESTS=OFF -DSCONCE_CLI=OFF >$(FUZZ_BUILD).log 2>&1 || \
	       { cat $(FUZZ_BUILD).log; exit 1; }; rm -f $(FUZZ_BUILD).log
	@cmake --build $(FUZZ_BUILD) --target fuzz_programs --parallel $(JOBS)
	@ENGINE=$(ENGINE) sh tests/fuzz/run.sh $(FUZZ_BUILD) $(TIME)

print-jobs:
	@echo $(JOBS)

clean:
	@rm -rf build build-*
