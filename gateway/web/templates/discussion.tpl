{{%AUTOESCAPE context="HTML"}}<section class="discussion" id="discussion" aria-labelledby="discussion-heading">
<h2 id="discussion-heading">{{W_DISCUSSION}}{{#COUNT}} <span class="quiet">{{TEXT}}</span>{{/COUNT}}</h2>
{{#AWAY}}<p class="quiet">{{W_COMMENTS_AWAY}}</p>
{{/AWAY}}
{{#NONE}}<p class="quiet">{{W_COMMENT_NONE}}</p>
{{/NONE}}
{{#LIST}}<ol class="comments">
{{#COMMENT}}<li class="comment depth-{{DEPTH}}" id="comment-{{COMMENT_ID}}">
{{#DELETED}}<p class="quiet">{{W_COMMENT_DELETED}}</p>
{{/DELETED}}
{{#SHOWN}}<p class="comment-head"><strong>{{AUTHOR}}</strong> <a class="quiet" href="#comment-{{COMMENT_ID}}"><time datetime="{{TIME_ISO}}" data-local-time>{{TIME}}</time></a>{{#EDITED}} <span class="quiet">({{W_COMMENT_EDITED}})</span>{{/EDITED}}</p>
<div class="comment-body">{{HTML:none}}</div>
<div class="comment-actions">
{{#REPLY}}<details><summary>{{W_COMMENT_REPLY}}</summary>
<form method="post" action="{{ACTION}}#discussion" class="compose">
<input type="hidden" name="parent" value="{{COMMENT_ID}}">
<input type="hidden" name="request" value="{{REQUEST}}">
<label for="reply-{{COMMENT_ID}}">{{LABEL}}</label>
<textarea id="reply-{{COMMENT_ID}}" name="body" rows="3" maxlength="10000" required></textarea>
<button type="submit" class="button button-small">{{W_COMMENT_REPLY}}</button>
</form></details>
{{/REPLY}}
{{#OWN}}{{#EDITABLE}}<a href="/comments/{{COMMENT_ID}}/edit?return={{RETURN_QUERY:none}}">{{W_COMMENT_EDIT}}</a>{{/EDITABLE}}
<form method="post" action="/comments/{{COMMENT_ID}}/delete"><input type="hidden" name="return" value="{{RETURN}}"><button type="submit" class="link">{{W_COMMENT_DELETE}}</button></form>
{{/OWN}}
</div>
{{/SHOWN}}
</li>
{{/COMMENT}}
</ol>
{{/LIST}}
{{#MORE}}<p><a href="{{URL}}#discussion">{{W_COMMENTS_NEWER}}</a></p>
{{/MORE}}
{{#COMPOSE}}<form method="post" action="{{ACTION}}#discussion" class="compose">
{{#FORM_ERROR}}<p class="form-error" role="alert">{{ERROR}}</p>
{{/FORM_ERROR}}
<input type="hidden" name="request" value="{{REQUEST}}">
{{#PARENT}}<input type="hidden" name="parent" value="{{PARENT_ID}}">{{/PARENT}}
<label for="comment-body">{{W_COMMENT_LABEL}}</label>
<textarea id="comment-body" name="body" rows="4" maxlength="10000" required aria-describedby="comment-hint">{{BODY}}</textarea>
{{#BODY_ERROR}}<p class="field-error">{{ERROR}}</p>
{{/BODY_ERROR}}
<p class="quiet" id="comment-hint">{{W_COMMENT_HINT}}</p>
<button type="submit" class="button">{{W_COMMENT_POST}}</button>
</form>
{{/COMPOSE}}
{{#LOG_IN}}<p>{{W_COMMENT_LOG_IN}}. <a href="/login?return={{RETURN_QUERY:none}}">{{W_COMMENT_LOG_IN_LINK}}</a></p>
{{/LOG_IN}}
</section>
