{{%AUTOESCAPE context="HTML"}}<div class="notice">
<p class="notice-code">{{CODE}}</p>
<h1>{{HEADING}}</h1>
<p>{{ADVICE}}</p>
<p><a class="button" href="/">{{W_ERROR_BACK_HOME}}</a></p>
{{#REQUEST}}<p class="quiet">{{W_REQUEST_ID}} <code>{{ID}}</code></p>
{{/REQUEST}}
</div>
