-- W3C traceparent of what a mail was written by, while it is on its way; NULL:
-- no recorded trace.
ALTER TABLE mails ADD COLUMN traceparent text;
