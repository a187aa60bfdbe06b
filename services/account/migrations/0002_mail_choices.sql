-- Which mails people want, of those that they can do without.
ALTER TABLE accounts ADD COLUMN trial_reminders boolean NOT NULL DEFAULT true;
