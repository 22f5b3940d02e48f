# The project needs Go and nothing else. The emulated tiers of "make check" need
# qemu-user (Debian: apt install qemu-user-static). If it is missing, these tiers are left out,
# and the end of the output says so. With ALPACA_REQUIRE_QEMU=1, that is an error.

export CGO_ENABLED := 0
GO       ?= go
FUZZTIME ?= 10s
QEMU_ARM ?= qemu-aarch64-static
QEMU_X86 ?= qemu-x86_64-static

# Platforms that are compiled and vetted, but not run.
PLATFORMS := linux/arm64 darwin/arm64 windows/amd64 linux/riscv64 linux/386

# Packages whose code differs between CPUs of one architecture, and the package of the model,
# which is built on them.
WITH_KERNELS := ./internal/quant/... ./internal/ggml/... ./internal/model/...

# Packages whose results are numbers, and the package that asks the system about its CPU. Their
# results could differ between CPUs, because compilers fuse a product and a sum on some CPUs. The
# other packages, such as the commands, do the same everywhere.
COMPUTING := $(WITH_KERNELS) ./internal/fmath/... ./internal/logits/... ./internal/sampler/... ./internal/engine/... ./internal/train/... \
	./internal/eval/... ./internal/quantize/... ./internal/builtin/... ./internal/machine/...

# Packages that have kernels only for some CPUs of an architecture, and a package that runs a whole
# model with these kernels.
MORE_KERNELS := ./internal/quant/... ./internal/builtin/...

comma := ,

.DEFAULT_GOAL := help
.PHONY: help plots release release-check release-look release-start vulncheck whole-way test-nightly build test check test-clients test-clients-deps test-scaleout test-scaleout-deps screenshot fmt tidy vet-all test-purego test-arm64 test-noavx bench benchcmp mca fuzz golden model score clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The module in release has the tools that make packages. PLATFORMS_OF_RELEASE is a list such as
# linux/amd64,linux/armv7; without the list, all platforms are built. A release is built from a
# commit with a tag; SNAPSHOT=1 builds any other state, for a trial.
release: ## build the files of a release into ./dist: archives, Debian packages, SBOMs, checksums
	rm -rf dist.new
	cd release && $(GO) run . -o ../dist.new $(if $(PLATFORMS_OF_RELEASE),-platforms $(PLATFORMS_OF_RELEASE)) $(if $(SNAPSHOT),-snapshot)
	rm -rf dist && mv dist.new dist

release-check: ## build a release twice and compare every byte; FRESH=1 compiles everything anew
	release/check.sh $(PLATFORMS_OF_RELEASE)

release-look: ## check the files in ./dist: checksums, packages, manual pages, completions, SBOMs
	release/packages.sh dist

release-start: ## start the programs for other CPUs in ./dist under emulators, and compare ten answers
	release/start.sh dist

# Without the network, vulncheck says that it looked for nothing, and does not fail. It checks the
# linked packages in seconds. SCAN=symbol takes a minute, and shows which of the vulnerabilities the
# program can reach.
SCAN ?= package
vulncheck: ## look for known vulnerabilities in the linked packages
	GO=$(GO) release/vulncheck.sh -scan $(SCAN)

# The program's entry point on Linux. It checks the limit of the address space before Go's runtime
# starts (internal/machine/start).
ENTRY := $(if $(filter linux/amd64 linux/arm64,$(shell $(GO) env GOOS)/$(shell $(GO) env GOARCH)),-E alpaca_entry)

build: ## build the program: ./alpaca
	$(GO) build -trimpath -ldflags '-s -w $(ENTRY)' -o alpaca ./cmd/alpaca # without tables for debuggers

test: ## run the tests on this machine
	$(GO) test ./...

check: fmt tidy vet-all vulncheck test test-clients test-scaleout test-purego test-arm64 test-noavx ## everything that CI runs
	@if command -v $(QEMU_ARM) >/dev/null && command -v $(QEMU_X86) >/dev/null; then \
		echo "check: passed"; \
	else \
		echo "check: passed, WITHOUT the emulated tiers: qemu is not installed"; \
	fi

# asmfmt is a tool of the module in test, so that the program does not depend on it.
fmt: ## fail if gofmt or asmfmt would change a file
	@files=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$files" ] || { echo "gofmt: $$files"; exit 1; }
	@files=$$(cd test && $(GO) tool asmfmt -l $$(git -C .. ls-files '*.s' | sed 's,^,../,')); [ -z "$$files" ] || { echo "asmfmt: $$files"; exit 1; }

tidy: ## fail if a go.mod is not tidy
	$(GO) mod tidy -diff
	cd test && $(GO) mod tidy -diff
	cd test/scaleout && $(GO) mod tidy -diff
	cd release && $(GO) mod tidy -diff

vet-all: ## vet, for every platform
	$(GO) vet ./...
	$(GO) vet -tags purego ./...
	cd release && $(GO) vet .
	@for p in $(PLATFORMS); do \
		echo "go vet for $$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./... || exit 1; \
	done

# The portable tier runs the packages that compute and a few commands. The other
# packages do the same with and without assembly, so only the native tier runs them. In
# the packages of the second list, -short leaves out the tests that evaluate long texts.
PORTABLE       := $(filter-out ./internal/model/... ./internal/engine/...,$(COMPUTING)) ./internal/lora/... ./internal/convert/...
PORTABLE_SHORT := ./internal/model/... ./internal/engine/... ./internal/tinydata/... ./internal/cli/run/... ./internal/cli/train/... ./internal/jobs/... ./cmd/...

test-purego: ## run the tests of the portable code, without assembly
	env -u ALPACA_REQUIRE_KERNELS $(GO) test -tags purego $(PORTABLE)
	env -u ALPACA_REQUIRE_KERNELS $(GO) test -tags purego -short $(PORTABLE_SHORT)

# The module in test has the dependencies that only these tests need: a driver for the browser, and
# clients. Without chromium, or without the packages of test/clients, tests are skipped and say so.
# OpenAI's client is 9 MB of source, so it is compiled without optimization, which takes less time.
QUICKLY := -gcflags='github.com/openai/...=-N -l -dwarf=false'

# The tests of both modules build the program. Go does not know that, so its cached results are not
# used: they could come from an older program.
test-clients: ## test the page in a browser, and the server with its official clients
	cd test && $(GO) vet $(QUICKLY) ./... && $(GO) test -count=1 -vet=off $(QUICKLY) ./...

test-clients-deps:
	cd test && $(GO) build $(QUICKLY) github.com/openai/openai-go/v3 github.com/chromedp/chromedp

# The module in test/scaleout has a NATS server and Kubernetes' types. Without nginx or haproxy, the
# tests of these load balancers are skipped and say so.
test-scaleout: ## test queues, workers, load balancers in front of replicas, and the manifests of deploy
	cd test/scaleout && $(GO) vet ./... && $(GO) test -count=1 -vet=off ./...

test-scaleout-deps:
	cd test/scaleout && $(GO) build github.com/nats-io/nats-server/v2/server k8s.io/api/core/v1

screenshot: ## make docs/page.png, the picture of the page in README.md (needs chromium)
	cd test && ALPACA_REQUIRE_CHROMIUM=1 ALPACA_SCREENSHOT=$(CURDIR)/docs/page.png $(GO) test ./page -count 1 -run TestScreenshot

# emulated runs the tests on a CPU of qemu: $(1) the emulator, $(2) the CPU,
# $(3) the architecture, $(4) the kernels that must not be skipped, $(5) the
# packages. -short leaves out a few tests that evaluate long texts.
define emulated
	@if command -v $(1) >/dev/null; then \
		echo "go test on $(1) -cpu $(2)"; \
		GOARCH=$(3) ALPACA_REQUIRE_KERNELS=$(4) $(GO) test -short -timeout 25m -exec '$(1) -cpu $(2)' $(5); \
	elif [ "$$ALPACA_REQUIRE_QEMU" = 1 ]; then \
		echo "$(1) is not installed, but ALPACA_REQUIRE_QEMU=1 requires it"; exit 1; \
	else \
		echo "SKIPPED: $(1) is not installed"; \
	fi
endef

test-arm64: ## run the tests on emulated Arm CPUs: one without dot products, one with them, one with i8mm
	$(call emulated,$(QEMU_ARM),cortex-a53,arm64,neon,$(COMPUTING))
	$(call emulated,$(QEMU_ARM),cortex-a76,arm64,neon$(comma)sdot,$(MORE_KERNELS))
	$(call emulated,$(QEMU_ARM),max,arm64,neon$(comma)sdot$(comma)i8mm,$(MORE_KERNELS))

# Without AVX, an x86 CPU runs the portable code, which test-purego
# tests. This target tests that the program chooses the portable code,
# and that a whole model, the built-in one, gives the same bits.
test-noavx: ## run the tests on an emulated x86 CPU without AVX
	$(call emulated,$(QEMU_X86),Nehalem,amd64,,$(filter-out ./internal/model/... ./internal/engine/... ./internal/train/... ./internal/eval/... ./internal/quantize/...,$(COMPUTING)))

bench: ## run the benchmarks of the kernels and operations
	$(GO) test -run '^$$' -bench . ./internal/...

benchcmp: ## compare the benchmarks of the portable code with those of the assembly
	$(GO) test -tags purego -run '^$$' -bench . -count 6 ./internal/quant/... ./internal/ggml >purego.bench
	$(GO) test -run '^$$' -bench . -count 6 ./internal/quant/... ./internal/ggml >asm.bench
	$(GO) run golang.org/x/perf/cmd/benchstat@latest purego.bench asm.bench

mca: ## estimate how fast the arm64 kernels are on CPUs that are not at hand (needs llvm-19)
	@dir=$$(mktemp -d) && trap 'rm -r $$dir' EXIT && \
		GOOS=linux GOARCH=arm64 $(GO) build -o $$dir/alpaca ./cmd/alpaca && \
		$(GO) run ./internal/mca $$dir/alpaca

fuzz: ## run every fuzz target for FUZZTIME (default 10s); RECORD=1 adds the time to SECURITY.md
	GO=$(GO) test/fuzz/run $(FUZZTIME)

whole-way: build ## run examples/whole-way.sh with the built-in model, in a separate folder
	folder=$$(mktemp -d) && ALPACA=./alpaca SERVE=check PORT=$${PORT:-18080} examples/whole-way.sh $${MODEL:-builtin} $$folder && rm -r $$folder

test-nightly: whole-way ## run the tests that take some minutes, too long for every change

plots: ## draw bench/speed.svg and write README's table of speeds, both from bench/results
	$(GO) test ./internal/bench/turns -run TestReadme -update

golden: ## rewrite the recorded answers of our models, in testdata and in the pages that show them
	$(GO) test ./internal/model -run 'TestAnswers|TestLogits' -update
	$(GO) test ./internal/testmodel ./internal/quantize -run 'TestTokens|TestQuantizedFiles' -update
	$(GO) test ./internal/builtin -run 'TestAnswers|TestReadme|TestRecording' -update
	$(GO) test ./internal/train -run TestArchSameBits -update
	$(GO) test ./internal/bench -run TestMemoryTable -update
	$(GO) test ./internal/tinydata/make -run TestSameFile -update
	$(GO) test ./internal/tinydata/score -run TestDocument -update

# The model is the same file for the same SEED, whatever the CPU and the number of threads.
# It takes hours. After an interruption, the target continues the work in MODEL_DIR.
SEED      ?= 1
MODEL_DIR ?= model-$(SEED).run
MODEL     ?= internal/builtin/model.gguf

model: build ## make the built-in model anew: vocabulary and weights, from SEED (default 1); TOKENS=1M makes a short trial
	$(GO) run ./internal/tinydata/make -alpaca ./alpaca -seed $(SEED) $(if $(TOKENS),-tokens $(TOKENS)) -dir $(MODEL_DIR) -o $(MODEL)
	$(GO) run ./internal/tinydata/score -m $(MODEL)

score: ## ask the built-in model its held-out questions
	$(GO) run ./internal/tinydata/score -wrong 1

clean: ## remove the files that the targets above made
	rm -rf dist dist.new
	rm -f alpaca purego.bench asm.bench
