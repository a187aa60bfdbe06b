{{%AUTOESCAPE context="HTML"}}<div class="narrow">
<h1>{{W_NAV_ACCOUNT}}</h1>
{{#SAVED}}<p class="banner" role="status">{{TEXT}}</p>
{{/SAVED}}
{{#FORM_ERROR}}<p class="form-error" role="alert">{{ERROR}}</p>
{{/FORM_ERROR}}
<section class="card" aria-labelledby="reading">
<h2 id="reading">{{W_ACCOUNT_READING}}</h2>
{{#TRIAL}}<p data-countdown-running>{{W_ACCOUNT_TRIAL}}</p>
<p class="countdown" data-countdown data-expire="{{END_ISO}}" data-now="{{NOW_ISO}}" data-over="{{W_ACCOUNT_TRIAL_OVER}}"><span data-countdown-label data-running="{{W_ACCOUNT_TRIAL_LEFT}}">{{W_ACCOUNT_TRIAL_UNTIL}}</span> <time datetime="{{END_ISO}}" data-countdown-time>{{END}}</time> <span class="visually-hidden" role="status" data-countdown-status></span></p>
<p><a class="button" href="/join?return=/account">{{W_JOIN}}</a></p>
{{/TRIAL}}
{{#MEMBER}}<p>{{#ACTIVE}}{{W_MEMBER_ACTIVE}} {{/ACTIVE}}{{PLAN}}</p>
<p>{{STATE}} <time datetime="{{END_ISO}}" data-local-time>{{END}}</time></p>
{{#CANCEL}}<form method="post" action="/account/cancel"><button type="submit" class="button button-small button-quiet">{{W_MEMBER_CANCEL}}</button></form>
{{/CANCEL}}
{{#REJOIN}}<p>{{W_MEMBER_REJOIN}}</p>
<p><a class="button button-small" href="/join?return=/account">{{W_JOIN}}</a></p>
{{/REJOIN}}
{{#RESUME}}<form method="post" action="/account/resume"><button type="submit" class="button button-small">{{W_MEMBER_RESUME}}</button></form>
{{/RESUME}}
{{/MEMBER}}
{{#READING_AWAY}}<p class="quiet">{{W_ACCOUNT_READING_AWAY}}</p>
{{/READING_AWAY}}
{{#TRIAL_OVER}}<p>{{W_ACCOUNT_TRIAL_OVER}}</p>
{{/TRIAL_OVER}}
{{#FREE}}<p>{{W_ACCOUNT_FREE}}</p>
<p><a class="button" href="/join?return=/account">{{W_JOIN}}</a></p>
{{/FREE}}
</section>
{{#RECEIPTS}}<section aria-labelledby="receipts">
<h2 id="receipts">{{W_ACCOUNT_RECEIPTS}}</h2>
{{#AWAY}}<p class="quiet">{{W_ACCOUNT_RECEIPTS_AWAY}}</p>
{{/AWAY}}
<ul class="plain-list">
{{#RECEIPT}}<li class="row"><span><time datetime="{{TIME_ISO}}" data-local-time>{{TIME}}</time> <span class="quiet">{{PLAN}}, <time datetime="{{START_ISO}}" data-local-time>{{START}}</time> – <time datetime="{{END_ISO}}" data-local-time>{{END}}</time></span></span> <strong>{{PRICE}}</strong></li>
{{/RECEIPT}}
</ul>
{{#NEWEST}}<p><a href="/account#receipts">{{W_ACCOUNT_RECEIPTS_NEWEST}}</a></p>
{{/NEWEST}}
{{#OLDER}}<p><a rel="next" href="{{URL}}">{{W_ACCOUNT_RECEIPTS_OLDER}}</a></p>
{{/OLDER}}
</section>
{{/RECEIPTS}}
<section aria-labelledby="profile">
<h2 id="profile">{{W_ACCOUNT_PROFILE}}</h2>
<form method="post" action="/account" class="stacked"><input type="hidden" name="return" value="/account">
<p class="quiet">{{EMAIL}}</p>
<input type="hidden" name="etag" value="{{ETAG}}">
<label for="name">{{W_FIELD_DISPLAY_NAME}}</label>
<input id="name" type="text" name="display_name" value="{{DISPLAY_NAME}}" maxlength="60" required autocomplete="name"{{#NAME_ERROR}} aria-invalid="true" aria-describedby="name-error"{{/NAME_ERROR}}>
{{#NAME_ERROR}}<p class="field-error" id="name-error">{{W_FIELD_DISPLAY_NAME}} {{ERROR}}.</p>
{{/NAME_ERROR}}
<label for="bio">{{W_FIELD_BIO}}</label>
<textarea id="bio" name="bio" rows="3" maxlength="500"{{#BIO_ERROR}} aria-invalid="true" aria-describedby="bio-error"{{/BIO_ERROR}}>{{BIO:pre_escape}}</textarea>
{{#BIO_ERROR}}<p class="field-error" id="bio-error">{{W_FIELD_BIO}} {{ERROR}}.</p>
{{/BIO_ERROR}}
<p class="form-actions"><button type="submit" class="button">{{W_FORM_SAVE}}</button></p>
</form>
</section>
<section id="mails" aria-labelledby="mails-heading">
<h2 id="mails-heading">{{W_ACCOUNT_MAILS}}</h2>
<form method="post" action="/account/mails" class="stacked"><input type="hidden" name="return" value="/account">
<label class="check"><input type="checkbox" name="trial_reminders" value="1"{{#TRIAL_REMINDERS}} checked{{/TRIAL_REMINDERS}}> {{W_MAIL_TRIAL_REMINDERS}}</label>
<p class="quiet">{{W_ACCOUNT_MAILS_ALWAYS}}</p>
<p class="form-actions"><button type="submit" class="button button-small button-quiet">{{W_FORM_SAVE}}</button></p>
</form>
</section>
<section aria-labelledby="follows">
<h2 id="follows">{{W_ACCOUNT_FOLLOWS}}</h2>
{{#FOLLOWS_AWAY}}<p class="quiet">{{W_ACCOUNT_FOLLOWS_AWAY}}</p>
{{/FOLLOWS_AWAY}}
{{#NO_FOLLOWS}}<p class="quiet">{{W_FEED_EMPTY}}</p>
{{/NO_FOLLOWS}}
<ul class="plain-list">
{{#FOLLOWED}}<li class="row"><a href="{{PATH}}">{{NAME}}</a> {{>BUTTON}}</li>
{{/FOLLOWED}}
</ul>
{{#FIRST_FOLLOWS}}<p><a href="/account#follows">{{W_ACCOUNT_FOLLOWS_FIRST}}</a></p>
{{/FIRST_FOLLOWS}}
{{#MORE_FOLLOWS}}<p><a rel="next" href="{{URL}}">{{W_ACCOUNT_FOLLOWS_MORE}}</a></p>
{{/MORE_FOLLOWS}}
</section>
<section aria-labelledby="sessions">
<h2 id="sessions">{{W_ACCOUNT_SESSIONS}}</h2>
<ul class="plain-list">
{{#SESSION}}<li class="row"><span>{{W_SESSION_SINCE}} <time datetime="{{TIME_ISO}}" data-local-time>{{TIME}}</time>{{#CURRENT}} <strong>{{W_SESSION_THIS}}</strong>{{/CURRENT}}</span>
{{#OTHER}}<form method="post" action="/account/sessions/{{SESSION_ID}}/revoke"><button type="submit" class="link">{{W_SESSION_REVOKE}}</button></form>{{/OTHER}}</li>
{{/SESSION}}
</ul>
{{#OTHERS}}<form method="post" action="/account/log-out-others"><button type="submit" class="link">{{W_SESSION_REVOKE_OTHERS}}</button></form>
{{/OTHERS}}
<p><a href="/account/password">{{W_PASSWORD_HEADING}}</a></p>
<form method="post" action="/logout"><button type="submit" class="button button-quiet">{{W_LOG_OUT}}</button></form>
</section>
</div>
