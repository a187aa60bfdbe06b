#!/usr/bin/python3
"""Migrations after the first of a set only expand: the release before runs beside the new
schema, reads and writes what it knows, and knows nothing of what is new.

A migration that has to take something away says which release is the first that lives
without it, in a line of its own: `-- contracts: since RELEASE`. Whether every release that
may still run is as new as that is for the reviewer to say.

usage: migrations_expand.py [unittest arguments]
"""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = sorted((ROOT / "services").glob("*/migrations"))
CONTRACTS = re.compile(r"^-- contracts: since \S+$", re.MULTILINE)
TOKEN = re.compile(r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<body> \$(?P<tag>\w*)\$ (?P<inside>.*?) \$(?P=tag)\$ )
  | (?P<text> [eE]'(?:\\.|''|[^'\\])*' | '(?:''|[^'])*' )
  | (?P<word> "(?:""|[^"])*" | [\w.]+ )
  | (?P<sign> \S )
""", re.DOTALL | re.VERBOSE)
# What gives a column a value that the old release does not.
FILLED = re.compile(r" (DEFAULT|GENERATED|(SMALL|BIG)?SERIAL)\b")
# Of ALTER TABLE and the like: what each of its actions may not be, and what it is called.
ACTIONS = [(re.compile(pattern), what) for pattern, what in (
    (r"RENAME\b", "RENAME"),
    (r"SET SCHEMA\b", "SET SCHEMA"),
    (r"DROP (?!CONSTRAINT\b|NOT NULL\b)", "DROP COLUMN"),
    (r"ALTER (COLUMN )?\S+ SET NOT NULL", "SET NOT NULL"),
    (r"ALTER (COLUMN )?\S+ (SET DATA )?TYPE\b", "ALTER COLUMN TYPE"),
    (r"ALTER (COLUMN )?\S+ DROP (DEFAULT|IDENTITY|EXPRESSION)\b", "DROP DEFAULT"),
    (r"ADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY|FOREIGN KEY|EXCLUDE|CHECK)\b", "ADD CONSTRAINT"),
)]
COLUMN = re.compile(r"ADD (?!CONSTRAINT\b|UNIQUE\b|PRIMARY\b|FOREIGN\b|EXCLUDE\b|CHECK\b)"
                    r"(?:COLUMN )?(?:IF NOT EXISTS )?(\S+) ")
DROPPED = re.compile(r"DROP (TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|FUNCTION|PROCEDURE|TRIGGER|TYPE|"
                     r"DOMAIN|SCHEMA|EXTENSION|OWNED|TEXT SEARCH CONFIGURATION)\b")
ALTERED = re.compile(r"ALTER (TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|FUNCTION|TYPE|DOMAIN|SCHEMA) "
                     r"(?:IF EXISTS )?(?:ONLY )?(\S+) (.*)")
CREATED = re.compile(r"CREATE (?:UNLOGGED |TEMP |TEMPORARY )*TABLE (?:IF NOT EXISTS )?(\S+) ")
UNIQUE = re.compile(r"CREATE UNIQUE INDEX .*?\bON (?:ONLY )?(\S+) ")


def statements(sql):
    """Statements as words in capitals with one space between them, without comments and
    texts. What a DO runs is statements too; what a function does is not done now."""
    words, depth = [], 0
    for token in TOKEN.finditer(sql):
        kind, text = token.lastgroup, token.group()
        if kind == "sign" and text == ";" and depth == 0:
            if words:
                yield " ".join(words)
            words = []
            continue
        depth += (text == "(") - (text == ")") if kind == "sign" else 0
        if token["body"] and words[:1] == ["DO"]:
            yield from statements(token["inside"])
        elif token["body"] or kind == "text":
            words.append("''")
        elif kind != "comment":
            words.append(text.strip('"').upper())
    if words:
        yield " ".join(words)


def actions_of(text):
    """What an ALTER does, parted at the commas outside of brackets."""
    depth, action = 0, []
    for word in text.split(" "):
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            yield " ".join(action)
            action = []
        else:
            action.append(word)
    yield " ".join(action)


def contracting_action(action, new_columns, nullable):
    for pattern, what in ACTIONS:
        if pattern.match(action):
            column = action.removeprefix("ALTER ").removeprefix("COLUMN ").partition(" ")[0]
            # Nothing has to be in the column any more.
            if what == "DROP DEFAULT" and column in nullable:
                return None
            # About a column that the old release leaves at its default, so it was thought of.
            if "CHECK" in action and new_columns & set(action.split(" ")):
                return None
            return what
    if COLUMN.match(action) and re.search(r" (NOT NULL|PRIMARY KEY)\b", action):
        return None if FILLED.search(action) else "ADD COLUMN NOT NULL without DEFAULT"
    return None


def contracting_alter(kind, text):
    """What of an ALTER takes something away, if anything does."""
    if kind == "TYPE" and re.match(r"ADD (VALUE|ATTRIBUTE)\b", text):
        return None
    actions = list(actions_of(text))
    new_columns = {match[1] for match in map(COLUMN.match, actions) if match}
    nullable = set(re.findall(r"ALTER (?:COLUMN )?(\S+) DROP NOT NULL", text))
    found = (contracting_action(action, new_columns, nullable) for action in actions)
    return next(filter(None, found), None)


def contracting(sql):
    """The statements that take something from the release before: (what, statement)."""
    new_tables, found = set(), []
    # Of PL/pgSQL's blocks only what stands at the end of these words is a statement.
    for statement in statements(sql):
        statement = re.sub(r"^(?:.*\b(?:BEGIN|THEN|ELSE|LOOP) )?"
                           r"(?=(?:ALTER|DROP|CREATE|REVOKE|TRUNCATE)\b)", "", statement)
        what = None
        if created := CREATED.match(statement):
            new_tables.add(created[1])
        elif dropped := DROPPED.match(statement):
            name = re.sub(r"^.*? (IF EXISTS )?", "", statement[dropped.start(1):]).split(" ")[0]
            what = None if name in new_tables else f"DROP {dropped[1]}"
        elif altered := ALTERED.match(statement):
            what = None if altered[2] in new_tables else contracting_alter(altered[1], altered[3])
        elif unique := UNIQUE.match(statement):
            what = None if unique[1] in new_tables else "CREATE UNIQUE INDEX"
        elif statement.startswith(("REVOKE ", "TRUNCATE ")):
            what = statement.split(" ")[0]
        if what:
            found.append((what, statement))
    return found


class Migrations(unittest.TestCase):
    def test_only_expand(self):
        read, wrong = 0, []
        for folder in SETS:
            first, *further = sorted(folder.glob("*.sql"))
            self.assertTrue(first.name.startswith("0001_"), first)
            for path in further:
                sql = path.read_text(encoding="utf-8")
                read += len(list(statements(sql)))
                if not CONTRACTS.search(sql):
                    wrong += [f"{path.relative_to(ROOT)}: {what}: {statement}"
                              for what, statement in contracting(sql)]
        self.assertFalse(wrong, "the release before cannot run beside these:\n" + "\n".join(wrong))
        print(f"{read} statements of {len(SETS)} sets of migrations only expand")

    def test_are_found(self):
        names = {folder.parent.name for folder in SETS}
        self.assertLessEqual({"common", "account", "subscription", "content", "feed", "comment"}, names)


class Refused(unittest.TestCase):
    """One statement for each thing that is refused."""

    def check(self, what, *sqls):
        for sql in sqls:
            with self.subTest(sql):
                self.assertEqual([found for found, _ in contracting(sql)], [what])

    def test_drop_column(self):
        self.check("DROP COLUMN", "ALTER TABLE posts DROP COLUMN lede;", "alter table posts drop lede",
                   "ALTER TABLE IF EXISTS ONLY posts\n  ADD COLUMN a text,\n  DROP COLUMN IF EXISTS b;",
                   'ALTER TABLE "posts" DROP COLUMN "Lede"; -- the last one')

    def test_drop_of_whole_things(self):
        self.check("DROP TABLE", "DROP TABLE posts;", "DROP TABLE IF EXISTS posts CASCADE;")
        self.check("DROP FUNCTION", "DROP FUNCTION text_of_html(text);")
        self.check("DROP TRIGGER", "DROP TRIGGER IF EXISTS note ON posts;")
        self.check("DROP VIEW", "DROP VIEW shown;")
        self.check("DROP TYPE", "DROP TYPE mood;")
        self.check("DROP EXTENSION", "DROP EXTENSION unaccent;")

    def test_rename(self):
        self.check("RENAME", "ALTER TABLE posts RENAME TO articles;",
                   "ALTER TABLE posts RENAME COLUMN lede TO intro;", "ALTER TABLE posts RENAME lede TO x;",
                   "ALTER FUNCTION text_of_html RENAME TO y;", "ALTER TYPE mood RENAME VALUE 'a' TO 'b';")
        self.check("SET SCHEMA", "ALTER TABLE posts SET SCHEMA old;")

    def test_set_not_null(self):
        self.check("SET NOT NULL", "ALTER TABLE posts ALTER COLUMN lede SET NOT NULL;",
                   "ALTER TABLE posts ALTER lede SET DEFAULT '', ALTER lede SET NOT NULL;")

    def test_type(self):
        self.check("ALTER COLUMN TYPE", "ALTER TABLE posts ALTER COLUMN n TYPE text USING n::text;",
                   "ALTER TABLE posts ALTER n SET DATA TYPE numeric(10, 2);")

    def test_needed_column(self):
        self.check("ADD COLUMN NOT NULL without DEFAULT", "ALTER TABLE posts ADD COLUMN n int NOT NULL;",
                   "ALTER TABLE posts ADD n numeric(10, 2) CHECK (n > 0) NOT NULL, ADD m int;",
                   "ALTER TABLE posts ADD COLUMN IF NOT EXISTS n uuid PRIMARY KEY;",
                   # A comment, or a text, gives no value.
                   "ALTER TABLE posts ADD COLUMN n int NOT NULL -- DEFAULT 0\n;")

    def test_drop_default(self):
        self.check("DROP DEFAULT", "ALTER TABLE posts ALTER COLUMN n DROP DEFAULT;",
                   "ALTER TABLE posts ALTER n DROP IDENTITY IF EXISTS;",
                   "ALTER TABLE posts ALTER m DROP NOT NULL, ALTER n DROP DEFAULT;")

    def test_what_refuses_old_rows(self):
        self.check("ADD CONSTRAINT", "ALTER TABLE posts ADD CONSTRAINT few CHECK (n < 5) NOT VALID;",
                   "ALTER TABLE posts ADD UNIQUE (slug);",
                   "ALTER TABLE posts ADD CONSTRAINT p FOREIGN KEY (a) REFERENCES b (a);",
                   "ALTER TABLE posts ADD COLUMN m int, ADD CHECK (n < 5);")
        self.check("CREATE UNIQUE INDEX", "CREATE UNIQUE INDEX CONCURRENTLY one ON posts (slug);")
        self.check("REVOKE", "REVOKE INSERT ON posts FROM rostrum_content;")
        self.check("TRUNCATE", "TRUNCATE posts;")

    def test_within_a_block(self):
        self.check("DROP COLUMN", "DO $$ BEGIN IF true THEN ALTER TABLE posts DROP COLUMN a; END IF; END $$;",
                   "DO $x$ BEGIN\n  PERFORM 1;\n  ALTER TABLE posts DROP COLUMN a;\nEND $x$;")

    def test_among_others(self):
        sql = "CREATE INDEX a ON b (c); INSERT INTO t VALUES ('it''s; DROP TABLE x'); DROP TABLE b;"
        self.check("DROP TABLE", sql, sql.replace("\n", " "))


class Taken(unittest.TestCase):
    def check(self, *sqls):
        for sql in sqls:
            with self.subTest(sql):
                self.assertEqual(contracting(sql), [])

    def test_what_expands(self):
        self.check("ALTER TABLE posts ADD COLUMN n int;", "ALTER TABLE posts ADD COLUMN n int NOT NULL DEFAULT 0;",
                   "ALTER TABLE posts ADD n bigint GENERATED ALWAYS AS IDENTITY NOT NULL;",
                   "ALTER TABLE posts ADD n bigserial NOT NULL;", "CREATE INDEX a ON posts (b);",
                   "CREATE TABLE a (b int NOT NULL);", "ALTER TYPE mood ADD VALUE 'calm';",
                   "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ DROP TABLE a; $$;")

    def test_what_loosens(self):
        self.check("DROP INDEX CONCURRENTLY IF EXISTS a;", "ALTER TABLE posts ALTER COLUMN n DROP NOT NULL;",
                   "ALTER TABLE posts ALTER n DROP NOT NULL, ALTER n DROP DEFAULT;",
                   "ALTER TABLE posts DROP CONSTRAINT few;", "ALTER INDEX a RENAME TO b;")

    def test_what_is_about_new_things(self):
        self.check("CREATE TABLE a (b int); ALTER TABLE a ALTER b SET NOT NULL; "
                   "CREATE UNIQUE INDEX c ON a (b); DROP TABLE IF EXISTS a;",
                   "ALTER TABLE a ADD COLUMN c int, ADD CONSTRAINT d CHECK (num_nonnulls(b, c) = 1);")

    def test_what_says_so(self):
        self.assertTrue(CONTRACTS.search("-- Nobody reads it.\n-- contracts: since 2.4\nDROP TABLE a;"))
        for text in ("-- contracts: since\nDROP TABLE a;", "-- it contracts: since 2.4\n",
                     "SELECT 1; -- contracts: since 2.4\n"):
            self.assertFalse(CONTRACTS.search(text), text)


if __name__ == "__main__":
    unittest.main()
