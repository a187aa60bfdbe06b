{{%AUTOESCAPE context="HTML"}}<section class="discussion" id="discussion" aria-labelledby="discussion-heading"{{#LIVE}} data-live="{{URL}}" data-live-fragment="{{FRAGMENT}}" data-live-since="{{SINCE}}"{{/LIVE}}>
<h2 id="discussion-heading">{{W_DISCUSSION}} <span class="quiet" data-live-part="count">{{#COUNT}}{{TEXT}}{{/COUNT}}</span></h2>
{{#AWAY}}<p class="quiet">{{W_COMMENTS_AWAY}}</p>
{{/AWAY}}
<p data-live-earlier>{{#EARLIER}}<a href="{{URL}}#discussion">{{W_COMMENTS_EARLIER}}</a>{{/EARLIER}}</p>
<p class="visually-hidden" role="status" data-live-status data-one="{{W_COMMENTS_LIVE_ONE}}" data-other="{{W_COMMENTS_LIVE_OTHER}}"></p>
<p class="quiet" data-live-part="none">{{#NONE}}{{W_COMMENT_NONE}}{{/NONE}}</p>
<ol class="comments" data-live-list>
{{>COMMENT}}
</ol>
{{#LATEST}}<p><a href="{{URL}}#discussion">{{W_COMMENTS_LATEST}}</a></p>
{{/LATEST}}
{{#COMPOSE}}{{>WORDS}}<form method="post" action="{{ACTION}}#comment-form" class="compose" id="comment-form" data-live-compose>
{{>SIGNED_OUT}}
{{#FORM_ERROR}}<p class="form-error" role="alert">{{ERROR}}</p>
{{/FORM_ERROR}}
<input type="hidden" name="request" value="{{REQUEST}}">
{{#PARENT}}<input type="hidden" name="parent" value="{{PARENT_ID}}">{{/PARENT}}
<label for="comment-body" data-label="{{W_COMMENT_LABEL}}">{{#NEW}}{{W_COMMENT_LABEL}}{{/NEW}}{{#PARENT}}{{#KNOWN}}{{LABEL}}{{/KNOWN}}{{#UNKNOWN}}{{W_COMMENT_YOUR_REPLY}}{{/UNKNOWN}}{{/PARENT}}</label>
<textarea id="comment-body" name="body" rows="4" maxlength="10000" required{{#BODY_ERROR}} aria-invalid="true"{{/BODY_ERROR}} aria-describedby="{{#BODY_ERROR}}comment-error {{/BODY_ERROR}}comment-hint">{{BODY:pre_escape}}</textarea>
{{#BODY_ERROR}}<p class="field-error" id="comment-error">{{W_COMMENT_LABEL}} {{ERROR}}.</p>
{{/BODY_ERROR}}
<p class="quiet" id="comment-hint">{{W_COMMENT_HINT}}</p>
<button type="submit" class="button">{{W_COMMENT_POST}}</button>
</form>
{{/COMPOSE}}
{{#LOG_IN}}<p>{{W_COMMENT_LOG_IN}}. <a href="/login?return={{RETURN_QUERY:none}}">{{W_COMMENT_LOG_IN_LINK}}</a></p>
{{/LOG_IN}}
</section>
