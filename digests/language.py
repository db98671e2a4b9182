"""Language of a text (placeholder rules by script)."""
import re
def detect_language(text, hint=None):
    if re.search(r"[ぁ-ヿ]", text): return "ja"
    if re.search(r"[іїєґ]", text): return "uk"
    return hint or "en"
