# `make` alone lists what can be done here.  Needs make and Python >= 3.11 with venv; uses uv where it is installed.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup report lab test lint bench validate

BIN := .venv/bin
STAMP := .venv/.evalpkg-installed
ROUND ?=
STRIP := $(BIN)/nbstripout --extra-keys "metadata.papermill cell.metadata.papermill"

# One BLAS thread a process: on matrices of 35 departments a second thread only spins. Set before numpy is imported.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

help: ## 列出可用的命令 · list the commands
	@awk -F ' ## ' '/^[a-z]+:.* ## / { split($$1, target, ":"); printf "  make %-9s %s\n", target[1], $$2 }' Makefile

setup: $(STAMP) ## 安装到 .venv（其余命令会自动先做）· install into .venv; the other commands do this first

$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	if [ ! -x $(BIN)/python ]; then \
	  for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    recent="$$candidate"; \
	    if command -v uv >/dev/null || "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then \
	      usable="$$candidate"; break; \
	    fi; \
	  done; \
	  if [ -z "$${recent:-}" ]; then \
	    echo "没有找到 Python 3.11 或更新的版本，请先安装（Debian/Ubuntu：apt install python3 python3-venv）。" >&2; \
	    echo "Python 3.11 or newer was not found: install it, or name it: make setup PYTHON=/path/to/python" >&2; \
	    exit 69; \
	  fi; \
	  if [ -z "$${usable:-}" ]; then \
	    echo "缺少 venv 模块，请先安装：apt install python3-venv" >&2; \
	    echo "$$recent has no venv module: on Debian or Ubuntu, apt install python3-venv" >&2; \
	    exit 69; \
	  fi; \
	  if command -v uv >/dev/null; then uv venv --quiet --python "$$usable" .venv; else "$$usable" -m venv .venv; fi; \
	fi; \
	echo "安装依赖，约需 1—5 分钟 · installing the locked packages, 1 to 5 minutes"; \
	if command -v uv >/dev/null; then \
	  uv pip install --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock; \
	  uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation -e .; \
	else \
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip; \
	  $(BIN)/python -m pip install --require-hashes -r requirements.lock; \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; \
	fi; \
	$(BIN)/python -m compileall -q evalpkg; \
	$(BIN)/python -c 'import matplotlib.font_manager'; \
	touch $@

report: setup ## 出最近一轮的报告（没有数据时先生成演示数据；ROUND=2022H1 指定轮次）· publish the latest round's report
	@if [ -z "$$(ls data/raw 2>/dev/null)" ]; then $(BIN)/evalpkg demo; fi
	@round="$(ROUND)"; [ -n "$$round" ] || round="$$(ls data/raw | grep -E '^[0-9]{4}H[12]$$' | sort | tail -n 1)"; \
	if [ -z "$$round" ]; then \
	  echo "data/raw 下没有以轮次命名的文件夹（如 2022H2）· data/raw holds no folder named after a round" >&2; exit 64; \
	fi; \
	$(BIN)/evalpkg run "$$round"

lab: setup ## 在 JupyterLab 中打开各章笔记本 · open the notebooks in JupyterLab
	@$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks

test: setup ## 运行测试 · run the tests
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: setup ## 检查代码与笔记本 · ruff, mypy, and notebooks without outputs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(STRIP) --verify notebooks/*.ipynb

bench: setup ## 测量耗时与体积（benchmarks/）· measure speed and size
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python -P "$$script"; done

validate: setup ## 运行覆盖率模拟并把结果表写进 METHODS.md（约半小时）· run the simulations, write their table, run the slow tests
	@PYTHONPATH=tests $(BIN)/python -m validation --write METHODS.md
	@$(BIN)/pytest -m "slow or validate"
