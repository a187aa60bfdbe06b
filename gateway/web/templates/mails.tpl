{{%AUTOESCAPE context="HTML"}}<div class="narrow">
<h1>{{W_MAILS_HEADING}}</h1>
<p class="quiet">{{W_MAILS_INTRO}}</p>
{{#NONE}}<p>{{W_MAILS_NONE}}</p>
{{/NONE}}
<ol class="plain-list">
{{#MAIL}}<li class="card"><h2>{{SUBJECT}}</h2>
<p class="quiet">{{TO}} · {{DATE}}</p>
<pre class="mail">{{TEXT:pre_escape}}</pre>
{{#LINK}}<p><a class="button button-small" href="{{PATH}}">{{W_MAILS_OPEN}}</a></p>
{{/LINK}}</li>
{{/MAIL}}
</ol>
</div>
