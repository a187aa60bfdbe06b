{{%AUTOESCAPE context="HTML"}}<div class="narrow">
<h1>{{TITLE}}</h1>
<form method="post" action="/comments/{{COMMENT_ID}}/edit" class="compose">
{{>SIGNED_OUT}}
{{#FORM_ERROR}}<p class="form-error" role="alert">{{ERROR}}</p>
{{/FORM_ERROR}}
<input type="hidden" name="return" value="{{RETURN}}">
<input type="hidden" name="etag" value="{{ETAG}}">
<label for="comment-body">{{LABEL}}</label>
<textarea id="comment-body" name="body" rows="8" maxlength="10000" required{{#BODY_ERROR}} aria-invalid="true" aria-describedby="comment-error"{{/BODY_ERROR}}>{{BODY:pre_escape}}</textarea>
{{#BODY_ERROR}}<p class="field-error" id="comment-error">{{LABEL}} {{ERROR}}.</p>
{{/BODY_ERROR}}
<p class="form-actions"><button type="submit" class="button">{{W_FORM_SAVE}}</button> <a href="{{RETURN}}">{{W_FORM_CANCEL}}</a></p>
</form>
</div>
