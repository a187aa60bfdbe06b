-- From when on what a mail carries works no more: then it is dropped, not sent. NULL: never.
ALTER TABLE mails ADD COLUMN expire_time timestamptz;
