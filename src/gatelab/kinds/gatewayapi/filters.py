"""Filters and backends of GRPCRoutes and HTTPRoutes."""

from gatelab.kinds.views import View


class HeaderMatch(View, frozen=True):
    name: str
    value: str
    type: str = "Exact"


class Header(View, frozen=True):
    name: str
    value: str


class HeaderModifier(View, frozen=True):
    set: tuple[Header, ...] = ()
    add: tuple[Header, ...] = ()
    remove: tuple[str, ...] = ()


class PathModifier(View, frozen=True):
    type: str
    replace_full_path: str | None = None
    replace_prefix_match: str | None = None


class RequestRedirect(View, frozen=True):
    scheme: str = ""
    hostname: str = ""
    path: PathModifier | None = None
    port: int | None = None
    status_code: int = 302


class UrlRewrite(View, frozen=True):
    hostname: str = ""
    path: PathModifier | None = None


class Fraction(View, frozen=True):
    numerator: int
    denominator: int = 100


class MirrorReference(View, frozen=True):
    name: str
    group: str = ""
    kind: str = "Service"
    namespace: str | None = None
    port: int | None = None


class RequestMirror(View, frozen=True):
    backend_ref: MirrorReference
    percent: int | None = None
    fraction: Fraction | None = None


class Cors(View, frozen=True):
    """What a browser's page of another origin may do (Fetch standard, CORS protocol). `max_age` is in seconds."""

    allow_origins: tuple[str, ...] = ()
    allow_credentials: bool = False
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int = 5


class ExtensionReference(View, frozen=True):
    group: str
    kind: str
    name: str


class Filter(View, frozen=True):
    """A filter of a GRPCRoute or an HTTPRoute. Types that we do not implement have no field here."""

    type: str
    request_header_modifier: HeaderModifier | None = None
    response_header_modifier: HeaderModifier | None = None
    request_redirect: RequestRedirect | None = None
    url_rewrite: UrlRewrite | None = None
    request_mirror: RequestMirror | None = None
    cors: Cors | None = None
    extension_ref: ExtensionReference | None = None


class BackendReference(View, frozen=True):
    name: str
    group: str = ""
    kind: str = "Service"
    namespace: str | None = None
    port: int | None = None
    weight: int = 1
    filters: tuple[Filter, ...] = ()


class CookieConfig(View, frozen=True):
    lifetime_type: str = "Session"


class SessionPersistence(View, frozen=True):
    """One client's requests go to one endpoint (GEP-1619). `absolute_timeout` is a duration of GEP-2257, "" is none."""

    session_name: str = ""
    absolute_timeout: str = ""
    type: str = "Cookie"
    cookie_config: CookieConfig = CookieConfig()
