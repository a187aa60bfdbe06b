"""Every address at which a reader can ask for something: of the API what the gateway says
of itself, of the pages what their sources say. A new one is searched from its first day."""

import pathlib
import re
import urllib.parse
import uuid

PAGES = pathlib.Path(__file__).resolve().parents[2] / "gateway" / "web" / "pages"
PAGE = re.compile(r'push_back\(\{"GET", "([^"]+)"')
FEED = re.compile(r'AddFeedRoutes\(routes, "([^"]*)"')
VARIABLE = re.compile(r"\{(\w+)\}")
# Of neither, and what belongs to a post beyond its plain address.
FURTHER = [
    "/openapi.json", "/healthz", "/assets/site.js", "/assets/site.css", "/assets/live.js",
    "/nowhere", "/v1/nowhere", "/c/{channel}/{post}-x", "/c/{channel}/{post}/", "/c/{CHANNEL}/{POST}",
    "/c/{channel}/{post}?utm=1", "/c/{channel}/{post}?page=forged", "/p/{post_id}?x=1", "/p/{other_id}",
    "/c/{channel}/{post}/discussion?post={post_id}", "/c/{channel}/{post}/discussion?post={other_id}",
    "/live/posts/{post_id}?since=0", "/live/feed?since=0", "/a/{author}?level=premium",
    "/login?return=/p/{post_id}", "/start?return=/p/{post_id}", "/join?return=/p/{post_id}",
    "/v1/posts/{post_id}?view=POST_VIEW_BASIC", "/v1/posts/{post_id}?view=POST_VIEW_FULL",
    "/v1/posts/{post_id}?view=NONSENSE", "/v1/posts/{post_id}?nonsense=1", "/v1/posts/{post_id}x",
    "/v1/posts/{other_id}", "/v1/channels/{channel}/posts/{post}?view=POST_VIEW_BASIC",
    "/v1/channels/{channel}/posts/{post}?view=POST_VIEW_FULL", "/v1/channels/{channel}/posts/{post}-x",
    "/v1/posts?channel={channel}&pageSize=100", "/v1/posts?author={author}&pageSize=100",
    "/v1/posts?topic={topic}", "/v1/posts?accessLevel=ACCESS_LEVEL_PREMIUM&pageSize=100",
    "/v1/posts?pageToken=forged", "/v1/feed?pageSize=100", "/feed?page=forged", "/?page=forged",
    "/v1/posts/{post_id}/comments?flat=true", "/v1/posts/{post_id}/comments?pageSize=1",
    "/v1/posts/{post_id}/comments?order=COMMENT_ORDER_NEWEST",
    "/v1/posts/{post_id}/comments?parentId={comment_id}", "/v1/comments/{other_id}",
    "/v1/manuscripts?pageSize=100", "/v1/manuscripts?state=MANUSCRIPT_STATE_PUBLISHED",
    "/v1/manuscripts/{post_id}/revisions?pageSize=1",
]
# What changes something, or is wrong. Nobody who may not read a post may do any of it.
# Method, path, body, headers.
WRITES = [
    ("DELETE", "/v1/posts/{post_id}", None, {}),
    ("POST", "/c/{channel}/{post}", {}, {}),
    ("PUT", "/c/{channel}/feed.rss", None, {}),
    ("POST", "/search", {}, {}),
    ("PATCH", "/v1/manuscripts/{post_id}", {"title": "x"}, {"If-Match": '"1"'}),
    ("PATCH", "/v1/manuscripts/{post_id}", {"nonsense": "x"}, {}),
    ("DELETE", "/v1/manuscripts/{post_id}", None, {"If-Match": '"1"'}),
    ("POST", "/v1/manuscripts/{post_id}:publish", {"etag": '"0"'}, {}),
    ("POST", "/v1/manuscripts/{post_id}:unpublish", {}, {}),
    ("POST", "/v1/manuscripts/{post_id}:schedule", {"publishTime": "tomorrow"}, {}),
    ("POST", "/v1/manuscripts:render", {"markdown": "*x*"}, {}),
    ("POST", "/v1/posts/{post_id}/comments", {"body": "Let me in"}, {}),
    ("POST", "/v1/posts/{post_id}/comments", {"nonsense": "x"}, {}),
    ("POST", "/v1/posts/{post_id}/comments", {"body": "x", "parentId": "{comment_id}"}, {}),
    ("PATCH", "/v1/comments/{comment_id}", {"body": "x"}, {"If-Match": '"0"'}),
    ("DELETE", "/v1/comments/{comment_id}", None, {"If-Match": '"0"'}),
    ("POST", "/comments/{comment_id}/edit", "body=x", {}),
    ("POST", "/comments/{comment_id}/delete", "", {}),
    ("POST", "/c/{channel}/{post}/comments?post={post_id}", "body=Let+me+in", {}),
    ("POST", "/c/{channel}/{post}/comments?post={post_id}", "body=", {}),
    ("GET", "/v1/posts/{post_id}", None, {"If-Match": "nonsense"}),
    ("GET", "/v1/posts/{post_id}", None, {"Range": "bytes=0-99999"}),
    ("GET", "/c/{channel}/{post}", None, {"Range": "bytes=0-99999"}),
    ("GET", "/v1/posts/{post_id}", None, {"Authorization": "Bearer nonsense"}),
]


def patterns(visitor):
    """The templates of all addresses that can be read."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.cc")))
    pages = set(PAGE.findall(sources))
    pages |= {f"{of}/feed.{form}" for of in FEED.findall(sources) for form in ("rss", "atom", "json")}
    assert len(pages) > 40 and {"/c/{channel}/{post}", "/a/{author}/feed.atom"} <= pages, pages
    api = {path for path, methods in visitor.get("/openapi.json").json["paths"].items()
           if "get" in methods}
    assert len(api) > 30 and "/v1/posts/{postId}" in api, api
    return sorted(pages | api) + FURTHER


def names_of(post, journey):
    """What stands for the variables of templates, for one post."""
    ids = {name: str(uuid.uuid4()) for name in
           ("other_id", "checkoutId", "paymentId", "payment", "mediaId")}
    channel, topic = journey.channel, journey.topic
    author = journey.expect(journey.author.get(f"/v1/authors/{post['authorId']}"), 200)
    return ids | {
        "post_id": post["postId"], "postId": post["postId"], "post": post["slug"], "slug": post["slug"],
        "POST": post["slug"].upper(), "comment_id": post["commentId"], "commentId": post["commentId"],
        "channel": channel["slug"], "CHANNEL": channel["slug"].upper(),
        "channel_id": channel["channelId"], "channelId": channel["channelId"],
        "topic": topic["slug"], "author": author["slug"], "accountId": journey.account_id(journey.author),
        "kind": "FOLLOW_KIND_CHANNEL", "targetId": channel["channelId"]}


OF_A_POST = {"post_id", "postId", "post", "slug", "POST", "comment_id", "commentId", "other_id"}


def fill(template, names):
    """A name that is not known is of a new kind of address: it has to get a value above."""
    return VARIABLE.sub(lambda match: urllib.parse.quote(names[match[1]]), template)


def paths_of(templates, names_of_posts):
    """All addresses, each once."""
    paths = []
    for template in templates:
        about_posts = OF_A_POST & set(VARIABLE.findall(template))
        for names in names_of_posts if about_posts else names_of_posts[:1]:
            paths.append(fill(template, names))
    return list(dict.fromkeys(paths))


def writes_of(names):
    for method, template, body, headers in WRITES:
        if isinstance(body, dict):
            body = {key: fill(value, names) for key, value in body.items()}
        yield method, fill(template, names), body, headers


def searches_of(post):
    """Words to look for by which a text could be found, or guessed."""
    first, second = post["words"][:2]
    named = post["title"].split()[-1]
    return [first, second, f'"{first} stands beside"', f"{first} {second}", f"{named} OR {first}",
            f"{named} -{first}", f"{named} {first}", first[:8], f"stands {second}", named]
