{{%AUTOESCAPE context="HTML"}}<div class="narrow">
<h1>{{HEADING}}</h1>
{{#INTRO}}<p>{{TEXT}}</p>
{{/INTRO}}
<form method="post" action="{{ACTION}}" class="stacked">
{{#FORM_ERROR}}<p class="form-error" role="alert">{{ERROR}}</p>
{{/FORM_ERROR}}
{{#HIDDEN}}<input type="hidden" name="{{NAME}}" value="{{VALUE}}">
{{/HIDDEN}}
{{#FIELD}}<label for="field-{{NAME}}">{{LABEL}}</label>
<input id="field-{{NAME}}" name="{{NAME}}" type="{{TYPE}}" value="{{VALUE}}" maxlength="{{MAX}}"{{#REQUIRED}} required{{/REQUIRED}}{{#AUTOCOMPLETE}} autocomplete="{{TOKEN}}"{{/AUTOCOMPLETE}}{{#INPUTMODE}} inputmode="{{MODE}}"{{/INPUTMODE}}{{#INVALID}} aria-invalid="true"{{/INVALID}}{{#DESCRIBED}} aria-describedby="{{#ERROR}}error-{{NAME}} {{/ERROR}}{{#HINT}}hint-{{NAME}}{{/HINT}}"{{/DESCRIBED}}>
{{#ERROR}}<p class="field-error" id="error-{{NAME}}">{{TEXT}}</p>
{{/ERROR}}
{{#HINT}}<p class="quiet" id="hint-{{NAME}}">{{TEXT}}</p>
{{/HINT}}
{{/FIELD}}
<p class="form-actions"><button type="submit" class="button">{{BUTTON}}</button></p>
</form>
{{#ALSO}}<form method="post" action="{{ALSO_ACTION}}"><input type="hidden" name="{{NAME}}" value="{{VALUE}}"><button type="submit" class="link">{{TEXT}}</button></form>
{{/ALSO}}
<ul class="ways">
{{#LINK}}<li><a href="{{PATH}}">{{TEXT}}</a></li>
{{/LINK}}
</ul>
</div>
