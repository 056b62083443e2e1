"""Check that the docstring of every function and method starts with a verb in the imperative.

``python tools/check_docstrings.py [PATH ...]`` prints file, line, name and first word of each docstring that does not, and
exits with status 1. Ruff's D401 finds only a part of them, because it accepts every word that its list of verbs lacks. Add a
verb that is missing to ``VERBS``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: First words that are allowed. Words that are read as a noun first (mean, number, size, share of) are left out on purpose.
_VERBS = """
Accept Adapt Add Adjust Analyse Annotate Answer Append Apply Arm Arrange Ask Assemble Assign Attach Attend Average
Begin Blend Bound Bring Buffer Build Bundle Cache Calibrate Call Cancel Cap Carry Centre Change Check Choose
Classify Clear Clip Close Collect Colour Colourise Combine Compare Compile Complete Compute Concatenate Configure
Confirm Connect Consume Continue Convert Convolve Copy Correct Count Cover Create Crop Cut Dampen Date Decide
Declare Decode Decompress Define Delete Deliver Derive Describe Detach Detect Determine Digest Disable Discard
Discover Dispatch Display Divide Do Download Draw Drop Embed Emit Enable Encode End Enlarge Ensure Enter Estimate
Evaluate Examine Exchange Exclude Execute Expand Explain Export Extend Extract Factor Factorise Fetch Fill Filter
Find Finish Fit Flag Flatten Flush Fold Follow Forecast Forget Format Free Fuse Generate Get Give Go Group Grow Hand
Handle Hash Hide Highlight Hold Identify Ignore Illuminate Import Improve Impute Include Index Infer Initialise
Insert Inspect Install Interpolate Interpret Invert Iterate Join Keep Label Lay Learn Leave Lend Let Limit Link List
Load Locate Lock Log Look Lower Make Map Mark Mask Match Measure Merge Minimise Mirror Mix Mosaic Move Multiply Name
Normalise Note Notify Obtain Offer Open Optimise Overwrite Pack Pad Paint Parse Pass Patch Pause Pave Permute Pick
Pickle Pin Place Plant Plot Poll Pool Post Predict Prefix Prepare Press Print Process Project Propagate Propose
Provide Publish Put Quantise Queue Quote Raise Rank Rasterise Read Rebuild Recalibrate Receive Recompute Reconstruct
Record Recover Reduce Refit Reformat Refuse Register Regress Reject Relate Release Reload Remember Remove Rename
Render Renumber Reorder Repeat Rephrase Replace Report Reproject Require Rerun Resample Rescale Reserve Reset Resize
Resolve Restore Restrict Resume Retry Return Reuse Reverse Revert Rewrite Roll Rotate Round Run Sample Save Say
Scale Schedule Score Search Seed Segment Select Send Separate Serialise Set Settle Shade Share Shift Shorten Show
Shrink Shuffle Sign Simplify Simulate Skip Slice Smooth Solve Sort Split Stack Standardise Start State Stay Step
Stop Store Stretch Strip Submit Subset Substitute Subtract Suggest Sum Summarise Supply Suppress Survey Suspend Swap
Sweep Swipe Switch Sync Synchronise Take Tell Terminate Test Thin Threshold Tile Tint Toggle Tokenise Trace Track
Train Transform Translate Transpose Trim Truncate Try Turn Undo Unfold Unite Unlock Unpack Unpickle Unwrap Update
Upload Upsample Use Validate Vectorise Verify View Visit Visualise Wait Walk Warn Warp Weigh Weight Widen Work Wrap
Write Yield Zip Zoom
"""
VERBS = frozenset(_VERBS.split())


class Fault(NamedTuple):
    """A docstring that starts with another word."""

    path: Path
    line: int
    name: str
    word: str

    def __str__(self) -> str:
        """Return file, line and what to do."""
        wrong = f"the docstring of {self.name} starts with {self.word!r}, not with a verb such as 'Return'"
        return f"{self.path}:{self.line}: {wrong}"


def faults(source: str, path: Path) -> Iterator[Fault]:
    """Yield the functions of a module whose docstring does not start with one of the verbs.

    Properties are left out: like a class, a property is described by a noun phrase. Ruff reports missing docstrings.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_property(node):
            continue
        words = (ast.get_docstring(node) or "").split()
        if words and words[0].rstrip(".,:;") not in VERBS:
            yield Fault(path, node.lineno, node.name, words[0])


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a decorator is ``property``, ``cached_property``, ``x.setter`` or the like."""
    names = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(name.endswith(("property", ".setter", ".getter", ".deleter")) for name in names)


def main(arguments: list[str]) -> int:
    """Print all faults of files and folders (default: ``eowidgets`` of this folder) and return the exit status."""
    roots = [Path(argument) for argument in arguments or ["eowidgets"]]
    files = sorted(path for root in roots for path in ([root] if root.is_file() else root.rglob("*.py")))
    found = [fault for path in files for fault in faults(path.read_text(encoding="utf-8"), path)]
    for fault in found:
        print(fault)
    if found:
        print(
            f"{len(found)} docstrings: start each with a verb in the imperative, and add a new verb to VERBS of {__file__}."
        )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
