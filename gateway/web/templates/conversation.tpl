{{%AUTOESCAPE context="HTML"}}<section class="discussion conversation" id="discussion" aria-labelledby="discussion-heading"{{#LIVE}} data-live="{{URL}}" data-live-fragment="{{FRAGMENT}}" data-live-since="{{SINCE}}" data-live-follow{{/LIVE}}>
<h2 id="discussion-heading" class="visually-hidden">{{W_ROOM_CONVERSATION}}</h2>
{{#AWAY}}<p class="quiet">{{W_ROOM_AWAY}}</p>
{{/AWAY}}
<p data-live-earlier>{{#EARLIER}}<a href="{{URL}}">{{W_ROOM_EARLIER}}</a>{{/EARLIER}}</p>
<p class="visually-hidden" role="status" data-live-status data-one="{{W_ROOM_LIVE_ONE}}" data-other="{{W_ROOM_LIVE_OTHER}}"></p>
<p class="quiet" data-live-part="none">{{#NONE}}{{W_ROOM_NONE}}{{/NONE}}</p>
<ol class="comments messages" data-live-list>
{{>COMMENT}}
</ol>
{{#LATEST}}<p><a href="{{URL}}">{{W_ROOM_LATEST}}</a></p>
{{/LATEST}}
{{#COMPOSE}}{{>WORDS}}<form method="post" action="{{ACTION}}#comment-form" class="compose room-compose" id="comment-form" data-live-compose>
{{>SIGNED_OUT}}
{{#FORM_ERROR}}<p class="form-error" role="alert">{{ERROR}}</p>
{{/FORM_ERROR}}
<input type="hidden" name="request" value="{{REQUEST}}">
{{#PARENT}}<input type="hidden" name="parent" value="{{PARENT_ID}}">{{/PARENT}}
<label for="comment-body" data-label="{{W_ROOM_SAY}}">{{#NEW}}{{W_ROOM_SAY}}{{/NEW}}{{#PARENT}}{{#KNOWN}}{{LABEL}}{{/KNOWN}}{{#UNKNOWN}}{{W_COMMENT_YOUR_REPLY}}{{/UNKNOWN}}{{/PARENT}}</label>
<textarea id="comment-body" name="body" rows="2" maxlength="10000" required{{#BODY_ERROR}} aria-invalid="true" aria-describedby="comment-error"{{/BODY_ERROR}}>{{BODY:pre_escape}}</textarea>
{{#BODY_ERROR}}<p class="field-error" id="comment-error">{{W_ROOM_SAY}} {{ERROR}}.</p>
{{/BODY_ERROR}}
<button type="submit" class="button">{{W_ROOM_SEND}}</button>
</form>
{{/COMPOSE}}
</section>
