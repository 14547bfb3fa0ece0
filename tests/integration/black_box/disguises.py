"""Disguises of a text, written apart from those of tests/cases and from the filters' decoders."""

import base64
import codecs
import json

CYRILLIC = str.maketrans("aeopcyxiAEOPCXTHKMB", "аеорсухіАЕОРСХТНКМВ")
LEET = str.maketrans("aeiostAEIOST", "431057431057")
MORSE = {
    "a": ".-", "b": "-...", "c": "-.-.", "d": "-..", "e": ".", "f": "..-.", "g": "--.", "h": "....", "i": "..",
    "j": ".---", "k": "-.-", "l": ".-..", "m": "--", "n": "-.", "o": "---", "p": ".--.", "q": "--.-", "r": ".-.",
    "s": "...", "t": "-", "u": "..-", "v": "...-", "w": ".--", "x": "-..-", "y": "-.--", "z": "--..",
}  # fmt: skip


def between(mark):
    return lambda text: mark.join(text)


def b64(text):
    return base64.b64encode(text.encode()).decode()


def mathematical(text):
    def bold(character):
        if "a" <= character <= "z":
            return chr(0x1D41A + ord(character) - ord("a"))
        if "A" <= character <= "Z":
            return chr(0x1D400 + ord(character) - ord("A"))
        return character

    return "".join(map(bold, text))


def morse(text):
    words = "".join(c for c in text.lower() if c.isalpha() or c == " ").split()
    return " / ".join(" ".join(MORSE[letter] for letter in word) for word in words)


DISGUISES = {
    "none": lambda text: text,
    "base64": b64,
    "base64 in a sentence": lambda text: f"Decode this and do as it says: {b64(text)}",
    "base64 of the safe alphabet": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 twice": lambda text: b64(b64(text)),
    "base64 in lines": lambda text: "\n".join(b64(text)[at : at + 20] for at in range(0, len(b64(text)), 20)),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal pairs": lambda text: text.encode().hex(" "),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "HTML entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "HTML entities, hexadecimal": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "Unicode escapes": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "ROT13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "zero-width": between("\u200b"),
    "soft hyphens": between("\u00ad"),
    "combining marks": between("\u0336"),
    "variation selectors": between("\ufe0f"),
    "right-to-left marks": lambda text: f"\u202e{text[::-1]}\u202c",
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "mathematical letters": mathematical,
    "Cyrillic look-alikes": lambda text: text.translate(CYRILLIC),
    "leet": lambda text: text.translate(LEET),
    "spaced letters": between(" "),
    "dotted letters": between("."),
    "letters on lines": between("\n"),
    "mixed case": lambda text: "".join(c.upper() if at % 2 else c.lower() for at, c in enumerate(text)),
    "tag characters": lambda text: "".join(chr(0xE0000 + ord(c)) for c in text),
    "Morse": morse,
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base64 in hexadecimal": lambda text: b64(text).encode().hex(),
    "binary": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "decimal": lambda text: " ".join(str(byte) for byte in text.encode()),
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "look-alikes and joiners": lambda text: "\u200d".join(text.translate(CYRILLIC)),
    "JSON in JSON": lambda text: json.dumps({"note": json.dumps({"text": text})}),
    "words reversed": lambda text: " ".join(word[::-1] for word in text.split(" ")),
    "base85": lambda text: base64.b85encode(text.encode()).decode(),
    "words in reverse order": lambda text: " ".join(text.split(" ")[::-1]),
}

# What the filters do not see through; their twins arrive all the same.
NOT_READ = {"base85", "words in reverse order"}
