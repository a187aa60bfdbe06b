{{%AUTOESCAPE context="HTML"}}<div class="notice">
<h1>{{HEADING}}</h1>
{{#PARAGRAPH}}<p>{{TEXT}}</p>
{{/PARAGRAPH}}
{{#WAY}}<p><a class="button" href="{{PATH}}">{{TEXT}}</a></p>
{{/WAY}}
</div>
