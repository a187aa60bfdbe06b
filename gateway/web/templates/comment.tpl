{{%AUTOESCAPE context="HTML"}}<li class="comment depth-{{DEPTH}}" id="comment-{{COMMENT_ID}}" data-version="{{VERSION}}" data-parent="{{PARENT}}">
{{#DELETED}}<p class="quiet">{{TEXT}}</p>
{{/DELETED}}
{{#SHOWN}}<p class="comment-head"><strong>{{AUTHOR}}</strong> <a class="quiet" href="{{PLACE}}"><time datetime="{{TIME_ISO}}" data-local-time>{{TIME}}</time></a>{{#EDITED}} <span class="quiet">({{W_COMMENT_EDITED}})</span>{{/EDITED}}</p>
{{#IN_REPLY_TO}}<p class="quiet in-reply-to"><a href="{{URL}}">{{TEXT}}</a></p>
{{/IN_REPLY_TO}}
<div class="comment-body">{{HTML:none}}</div>
<div class="comment-actions">
{{#REPLY}}<details><summary>{{W_COMMENT_REPLY}}</summary>
<form method="post" action="{{ACTION}}#comment-form" class="compose" data-live-compose>
<input type="hidden" name="parent" value="{{COMMENT_ID}}">
<input type="hidden" name="request" value="{{REQUEST}}">
<label for="reply-{{COMMENT_ID}}">{{LABEL}}</label>
<textarea id="reply-{{COMMENT_ID}}" name="body" rows="3" maxlength="10000" required></textarea>
<button type="submit" class="button button-small">{{W_COMMENT_REPLY}}</button>
</form></details>
{{/REPLY}}
{{#OWN}}{{#EDITABLE}}<a href="/comments/{{COMMENT_ID}}/edit?return={{RETURN_QUERY:none}}">{{W_COMMENT_EDIT}}</a>{{/EDITABLE}}
<details><summary>{{W_COMMENT_DELETE}}</summary>
<form method="post" action="/comments/{{COMMENT_ID}}/delete">
<input type="hidden" name="return" value="{{RETURN}}">
<p>{{W_COMMENT_DELETE_SURE}}</p>
<button type="submit" class="button button-small">{{W_COMMENT_DELETE}}</button>
</form></details>
{{/OWN}}
</div>
{{/SHOWN}}
</li>
