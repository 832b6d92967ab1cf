"""Access tokens that are not ours: each differs from a good one in one respect.

Every forgery is signed with the app's own secret unless the signature is its point.
"""

from tests.auth.forging import (
    OTHER_SECRET,
    SECRET,
    Forgery,
    claiming,
    heading,
    headless,
    key_id,
    loose,
    omit,
    part,
    retyped,
    saying,
    shifted,
    sign,
    spaced,
    token,
    unsigned,
    without,
)

CLAIMS = ["iss", "aud", "sub", "sid", "jti", "type", "iat", "exp"]
TEXTS = ["iss", "aud", "sub", "sid", "jti", "type"]
NUMBERS = ["iat", "exp"]
DEEP = b"[" * 3000
HUGE = 10**20

SIGNATURES: dict[str, Forgery] = {
    "no-signature": lambda good: ".".join(good.parts[:2]) + ".",
    "another-key": lambda good: token(good.header, good.claims, OTHER_SECRET),
    "another-key-under-its-own-kid": lambda good: token(
        good.header | {"kid": key_id(OTHER_SECRET)}, good.claims, OTHER_SECRET
    ),
    "empty-key": lambda good: token(good.header, good.claims, ""),
    "key-id-as-key": lambda good: token(good.header, good.claims, key_id(SECRET)),
    "signature-of-another-token": lambda good: ".".join(
        [*good.parts[:2], good.other_kind.split(".")[2]]
    ),
    "signature-cut": lambda good: good.text[:-4],
    "signature-doubled": lambda good: good.text + good.parts[2],
    "payload-changed-after-signing": lambda good: ".".join(
        [good.parts[0], part(good.claims | {"jti": "x"}), good.parts[2]]
    ),
    "header-encoded-again-after-signing": lambda good: ".".join(
        [part(spaced(good.header) + b" "), *good.parts[1:]]
    ),
}

HEADERS: dict[str, Forgery] = {
    "alg-none": unsigned(alg="none"),
    "alg-None": unsigned(alg="None"),
    "alg-empty": unsigned(alg=""),
    "alg-none-and-signed": heading(alg="none"),
    "alg-lower-case": heading(alg="hs256"),
    "alg-HS384": heading(alg="HS384", digest="sha384"),
    "alg-HS512": heading(alg="HS512", digest="sha512"),
    "alg-HS384-of-SHA-256": heading(alg="HS384"),
    "alg-HS256-of-SHA-512": heading(digest="sha512"),
    "alg-RS256": heading(alg="RS256"),
    "alg-ES256": heading(alg="ES256"),
    "alg-null": heading(alg=None),
    "alg-list": heading(alg=["HS256"]),
    "alg-missing": lambda good: token(omit(good.header, "alg"), good.claims),
    "kid-missing": lambda good: token(omit(good.header, "kid"), good.claims),
    "kid-unknown": heading(kid="00000000"),
    "kid-empty": heading(kid=""),
    "kid-null": heading(kid=None),
    "kid-number": heading(kid=7),
    "kid-list": heading(kid=[key_id(SECRET)]),
    "kid-object": heading(kid={}),
    "kid-upper-case": heading(kid=key_id(SECRET).upper()),
    "kid-path": heading(kid="../../dev/null"),
    "typ-missing": lambda good: token(omit(good.header, "typ"), good.claims),
    "typ-lower-case": heading(typ="jwt"),
    "typ-other": heading(typ="at+jwt"),
    "typ-list": heading(typ=["JWT"]),
    "extra-crit": heading(crit=["exp"]),
    "extra-crit-empty": heading(crit=[]),
    "extra-jwk": heading(jwk={"kty": "oct", "k": part(SECRET.encode())}),
    "extra-jku": heading(jku="https://example.org/keys"),
    "extra-x5u": heading(x5u="https://example.org/certificate"),
    "extra-zip": heading(zip="DEF"),
    "extra-cty": heading(cty="JWT"),
    "extra-b64": heading(b64=False),
    "extra-unknown": heading(note=""),
    "header-list": headless([]),
    "header-text": headless("HS256"),
    "header-null": headless(None),
    "header-not-json": headless(b"{"),
    "header-not-utf-8": headless(b'{"alg":"\xff"}'),
    "header-deep": headless(DEEP),
}

ABSENT = {f"{name}-missing": without(name) for name in CLAIMS}
NULL = {f"{name}-null": claiming(**{name: None}) for name in CLAIMS}
LISTS = {f"{name}-list": retyped(name, lambda value: [value]) for name in CLAIMS}
OBJECTS = {f"{name}-object": claiming(**{name: {}}) for name in CLAIMS}
BOOLEANS = {f"{name}-true": claiming(**{name: True}) for name in CLAIMS[:-1]}
EMPTY = {f"{name}-empty": claiming(**{name: ""}) for name in CLAIMS}
LONG = {f"{name}-5000-characters": claiming(**{name: "9" * 5000}) for name in CLAIMS}
NUMERIC = {f"{name}-number": claiming(**{name: 7}) for name in TEXTS}
AS_TEXT = {f"{name}-as-text": retyped(name, str) for name in NUMBERS}
AS_FLOAT = {f"{name}-as-float": retyped(name, float) for name in NUMBERS}
BIG = {f"{name}-huge": claiming(**{name: HUGE}) for name in NUMBERS}

SUBJECTS: dict[str, Forgery] = {
    "sub-word": claiming(sub="abc"),
    "sub-zero": claiming(sub="0"),
    "sub-negative": claiming(sub="-1"),
    "sub-leading-zeros": retyped("sub", lambda sub: f"00{sub}"),
    "sub-plus": retyped("sub", lambda sub: f"+{sub}"),
    "sub-space": retyped("sub", lambda sub: f"{sub} "),
    "sub-newline": retyped("sub", lambda sub: f"{sub}\n"),
    "sub-underscore": claiming(sub="1_0"),
    "sub-fraction": retyped("sub", lambda sub: f"{sub}.0"),
    "sub-30-digits": claiming(sub="9" * 30),
    "sub-beyond-64-bits": claiming(sub=str(2**63)),
    "sub-arabic-digit": claiming(sub="٣"),
    "sub-fullwidth-digit": claiming(sub="３"),  # noqa: RUF001 - the point of it
    "sub-nul": retyped("sub", lambda sub: f"{sub}\0"),
}

VALUES: dict[str, Forgery] = {
    "sid-of-a-row": claiming(sid="1"),
    "sid-upper-case": retyped("sid", str.upper),
    "sid-nul": retyped("sid", lambda sid: f"{sid[:-1]}\0"),
    "jti-nul": claiming(jti="\0"),
    "jti-surrogate": claiming(jti="\ud800"),
    "iat-in-the-future": shifted("iat", 60),
    "nbf-in-the-future": shifted("nbf", 60),
    "exp-nan": claiming(exp=float("nan")),
    "exp-infinite": claiming(exp=float("inf")),
    "iss-other": claiming(iss="someone"),
    "iss-longer": claiming(iss="taskapi "),
    "iss-upper-case": claiming(iss="TASKAPI"),
    "aud-other": claiming(aud="someone"),
    "aud-shorter": claiming(aud="task"),
    "aud-two": claiming(aud=["taskapi", "someone"]),
    "type-refresh": claiming(type="refresh"),
    "type-reset": claiming(type="reset"),
    "type-upper-case": claiming(type="Access"),
    "type-space": claiming(type="access "),
    "refresh-token": lambda good: good.other_kind,
}

PAYLOADS: dict[str, Forgery] = {
    "payload-empty-object": saying({}),
    "payload-empty": saying(b""),
    "payload-list": saying([]),
    "payload-text": saying("access"),
    "payload-number": saying(1),
    "payload-null": saying(None),
    "payload-not-json": saying(b"{"),
    "payload-not-utf-8": saying(b"\xff\xfe"),
    "payload-deep": saying(DEEP),
    "payload-5000-digits": saying(b'{"exp":' + b"9" * 5000 + b"}"),
}

ENCODINGS: dict[str, Forgery] = {
    "padded": lambda good: f"{good.text}=",
    "padded-twice": lambda good: f"{good.text}==",
    "padded-header": lambda good: sign(f"{good.parts[0]}=.{good.parts[1]}"),
    "padded-payload": lambda good: sign(f"{good.parts[0]}.{good.parts[1]}="),
    "trailing-tab": lambda good: f"{good.text}\t",
    "trailing-newline": lambda good: f"{good.text}\n",
    "trailing-space": lambda good: f"{good.text} ",
    "trailing-dot": lambda good: f"{good.text}.",
    "trailing-comma": lambda good: f"{good.text},",
    "inner-newline": lambda good: sign(f"{good.parts[0]}.{good.parts[1]}\n"),
    "inner-star": lambda good: sign(f"{good.parts[0]}*.{good.parts[1]}"),
    "spare-bits-in-header": lambda good: sign(
        f"{loose(part(spaced(good.header)))}.{good.parts[1]}"
    ),
    "spare-bits-in-payload": lambda good: sign(
        f"{good.parts[0]}.{loose(part(spaced(good.claims)))}"
    ),
    "spare-bits-in-signature": lambda good: ".".join(
        [*good.parts[:2], loose(good.parts[2])]
    ),
    "standard-base64": lambda good: sign(
        f"{good.parts[0]}.{part(good.claims | {'note': '???>>>'})}".replace("_", "/")
    ),
    "one-part": lambda good: good.parts[0],
    "two-parts": lambda good: ".".join(good.parts[:2]),
    "four-parts": lambda good: f"{good.text}.{good.parts[2]}",
    "five-parts": lambda good: f"{good.text}.{good.parts[1]}.{good.parts[2]}",
    "empty-header": lambda good: f".{good.parts[1]}.{good.parts[2]}",
    "empty-payload": lambda good: f"{good.parts[0]}..{good.parts[2]}",
    "empty-parts": lambda _: "..",
    "word": lambda _: "null",
    "quoted": lambda good: f'"{good.text}"',
    "twice": lambda good: f"{good.text} {good.text}",
    "bearer-twice": lambda good: f"Bearer {good.text}",
    "non-ascii": lambda good: f"{good.text}\xff",
    "non-ascii-within": lambda good: f"\xe9{good.text}",
    "nul": lambda good: f"{good.text}\0",
    "100-kB": lambda _: "A" * 100_000,
    "100-kB-in-three-parts": lambda good: (
        f"{good.parts[0]}.{'A' * 100_000}.{good.parts[2]}"
    ),
    "50000-dots": lambda _: "." * 50_000,
}

FORGERIES: dict[str, Forgery] = {
    **SIGNATURES,
    **HEADERS,
    **ABSENT,
    **NULL,
    **LISTS,
    **OBJECTS,
    **BOOLEANS,
    **EMPTY,
    **LONG,
    **NUMERIC,
    **AS_TEXT,
    **AS_FLOAT,
    **BIG,
    **SUBJECTS,
    **VALUES,
    **PAYLOADS,
    **ENCODINGS,
}

EXPIRED: dict[str, Forgery] = {
    "a-minute-ago": shifted("exp", -60),
    "beyond-the-leeway": shifted("exp", -11),
    "zero": claiming(exp=0),
    "negative": claiming(exp=-1),
    "true": claiming(exp=True),
}

SESSIONLESS: dict[str, Forgery] = {
    "session-that-never-was": claiming(sid="00000000-0000-4000-8000-000000000000"),
    "user-that-never-was": claiming(sub=str(2**63 - 1)),
    "session-of-another": retyped("sub", lambda sub: str(int(sub) + 1)),
}

A_FEW: dict[str, Forgery] = {
    "another-key": SIGNATURES["another-key"],
    "alg-none": HEADERS["alg-none"],
    "aud-other": VALUES["aud-other"],
    "other-kind": VALUES["refresh-token"],
    "padded": ENCODINGS["padded"],
}
