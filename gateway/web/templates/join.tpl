{{%AUTOESCAPE context="HTML"}}<div class="narrow">
<h1>{{W_JOIN_HEADING}}</h1>
{{#NOTE}}<p class="banner">{{TEXT}}</p>
{{/NOTE}}
{{#FORM_ERROR}}<p class="form-error" role="alert">{{ERROR}}</p>
{{/FORM_ERROR}}
<p>{{W_JOIN_INTRO}}</p>
<ul class="plain-list">
{{#PLAN}}<li class="card">
<h2>{{NAME}}{{#CHOSEN}} <span class="level">{{W_PLAN_CHOSEN}}</span>{{/CHOSEN}}</h2>
<p class="price">{{PRICE}} <span class="quiet">{{PERIOD}}</span></p>
<form method="post" action="/join">
<input type="hidden" name="plan" value="{{PLAN_ID}}">
<input type="hidden" name="return" value="{{RETURN}}">
<input type="hidden" name="request" value="{{REQUEST}}">
<button type="submit" class="button">{{W_JOIN}}</button>
</form>
</li>
{{/PLAN}}
</ul>
</div>
